namespace Relaybox.Operations;

/// <summary>What an operator is told. What was not asked for is null.</summary>
internal sealed record OperateAnswer
{
    /// <summary>Why nothing was done, where the request cannot be carried out as it is.</summary>
    public string? Problem { get; init; }

    /// <summary>How many rows have which status.</summary>
    public IReadOnlyDictionary<string, long>? Counts { get; init; }

    /// <summary>For how many seconds the oldest row has been due.</summary>
    public double? OldestDueSeconds { get; init; }

    /// <summary>About how many dead letters there are; null where nothing names them.</summary>
    public long? DeadLetterCount { get; init; }

    /// <summary>Why nobody can say how many dead letters there are.</summary>
    public string? DeadLetterProblem { get; init; }

    /// <summary>The parts that are paused. Of status, pause, resume and continue.</summary>
    public IReadOnlyList<Pause>? Pauses { get; init; }

    /// <summary>How many ordering keys wait for a parked row, at least. Of continue.</summary>
    public int? BlockedKeys { get; init; }

    /// <summary>The dead letters of a page, or the samples of a preview.</summary>
    public IReadOnlyList<DeadLetterView>? DeadLetters { get; init; }

    /// <summary>Whether all rows of the status, or all dead letters that can be seen, were looked at.</summary>
    public bool? IsWhole { get; init; }

    /// <summary>The rows of a page, or the samples of a preview.</summary>
    public IReadOnlyList<RowView>? Rows { get; init; }

    /// <summary>Where the next page begins; null at the end.</summary>
    public string? Cursor { get; init; }

    /// <summary>How many rows or dead letters were looked at.</summary>
    public long? Seen { get; init; }

    /// <summary>How many rows or dead letters a preview found.</summary>
    public long? Count { get; init; }

    /// <summary>When the first of them was parked or sent, or died.</summary>
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>When the last of them was parked or sent, or died.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>How many of them have which error code.</summary>
    public IReadOnlyDictionary<string, long>? Errors { get; init; }

    /// <summary>The store's time of a preview: what is confirmed is what was there by then.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>One row.</summary>
    public RowView? Row { get; init; }

    /// <summary>Why a row is not sent, in sentences.</summary>
    public IReadOnlyList<string>? Why { get; init; }

    /// <summary>What the doctor has found; of each check at least one finding.</summary>
    public IReadOnlyList<Finding>? Findings { get; init; }

    /// <summary>One operation.</summary>
    public Operation? Operation { get; init; }

    /// <summary>Operations, the newest first; of continue those that were running, as they stand now.</summary>
    public IReadOnlyList<Operation>? Operations { get; init; }
}
