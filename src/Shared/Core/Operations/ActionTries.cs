namespace Relaybox.Operations;

/// <summary>Tries to do something with rows: each try goes on where the one before has failed.</summary>
/// <param name="action">What is done.</param>
/// <param name="rows">The rows.</param>
internal sealed class ActionTries(RowAction action, IReadOnlyList<RowVersion> rows)
{
    private readonly List<string> _applied = [];
    private readonly List<string> _unclear = [];
    private int _next;

    /// <summary>Makes a try.</summary>
    /// <param name="attempt">Which it is, from 1.</param>
    /// <param name="apply">Changes a row if it is still in its version, and says whether it was.</param>
    internal async Task<ActionOutcome> RunAsync(int attempt, Func<RowVersion, Task<bool>> apply)
    {
        for (var first = _next; _next < rows.Count; _next++)
        {
            var row = rows[_next];
            if (row.Allows(action))
            {
                if (await apply(row))
                {
                    _applied.Add(row.EventId);
                }
                else if (attempt > 1 && _next == first)
                {
                    // The try before may have changed it, and lost the answer.
                    _unclear.Add(row.EventId);
                }
            }
        }

        return new ActionOutcome(_applied, _unclear);
    }
}
