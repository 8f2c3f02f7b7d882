namespace Relaybox.Operations;

/// <summary>What an operation goes through at a time.</summary>
/// <param name="Open">The ids of the selected items that are still as they were confirmed, and are to be done.</param>
/// <param name="Seen">How many items were looked at.</param>
/// <param name="Changed">How many of the selection are not as they were confirmed.</param>
/// <param name="Cursor">Where the next page begins; null at the end.</param>
internal sealed record OperationPage(IReadOnlyList<string> Open, int Seen, int Changed, string? Cursor)
{
    /// <summary>How many items of an earlier run's step are known from now on to have been done by it.</summary>
    public int Recounted { get; init; }

    /// <summary>Whether more may be there that cannot be seen now, because somebody else has it in hand.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Why going on makes no sense; null: it does.</summary>
    public string? StopBecause { get; init; }
}
