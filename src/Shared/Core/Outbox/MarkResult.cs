namespace Relaybox.Outbox;

/// <summary>What became of a set of fenced writes.</summary>
/// <param name="Applied">How many changed their row, or found it already changed by the very same write.</param>
/// <param name="Late">The ids whose claim was no longer the caller's; their rows are unchanged.</param>
/// <param name="Unrecorded">The ids whose write failed for another reason; the row's state is unknown to the caller.</param>
internal sealed record MarkResult(int Applied, IReadOnlyList<string> Late, IReadOnlyList<string> Unrecorded)
{
    /// <summary>Why the first of <see cref="Unrecorded"/> was not: the store's error code or the exception's name.</summary>
    public string? Failure { get; init; }

    /// <summary>Nothing was to be written.</summary>
    public static MarkResult Empty { get; } = new(0, [], []);
}
