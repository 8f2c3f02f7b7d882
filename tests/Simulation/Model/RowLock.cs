namespace Relaybox.Simulation.Model;

/// <summary>The rows of a transaction that is open: until it ends everybody else sees them as they were, and waits to change them.</summary>
/// <param name="until">When the store ends it, if nothing is heard of it.</param>
internal sealed class RowLock(DateTimeOffset until)
{
    private bool _hasEnded;

    internal List<TableRow> Rows { get; } = [];

    internal bool IsOpen(DateTimeOffset now) => !_hasEnded && now < until;

    internal void End() => _hasEnded = true;
}
