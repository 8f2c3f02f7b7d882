namespace Relaybox.Operations;

/// <summary>
/// An action on a selection of parked rows, sent rows or dead letters: what was asked for, by whom, and how far it has come. It is its own
/// audit entry.
/// </summary>
internal sealed record Operation
{
    /// <summary>Its id; ids are in the order of their begin.</summary>
    public required string Id { get; init; }

    /// <summary>What it is about.</summary>
    public OperationTarget Of { get; init; }

    /// <summary>What is done.</summary>
    public required RowAction Action { get; init; }

    /// <summary>Which of them, as the operator has written it (<see cref="RowSelection"/>).</summary>
    public required string Selection { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public required string Reason { get; init; }

    /// <summary>Who began it, as the caller names itself.</summary>
    public required string Caller { get; init; }

    /// <summary>The store's time when it was confirmed: what was parked, shelved, sent or dead only later is left alone.</summary>
    public required DateTimeOffset ConfirmedAt { get; init; }

    /// <summary>The most rows in a second; null: as many as the store takes.</summary>
    public int? Rate { get; init; }

    /// <summary>Whether a dead letter that the broker calls a duplicate is deleted.</summary>
    public bool DeletesDuplicates { get; init; }

    /// <summary>Where it is on its way.</summary>
    public OperationState State { get; init; }

    /// <summary>Why it stopped by itself.</summary>
    public string? StoppedBecause { get; init; }

    /// <summary>How many rows, or dead letters, it has looked at.</summary>
    public long Seen { get; init; }

    /// <summary>How many it has changed.</summary>
    public long Applied { get; init; }

    /// <summary>How many of the selection it left alone, because they had changed or the action does not hold for them.</summary>
    public long LeftAlone { get; init; }

    /// <summary>Why some were left alone: how many for which reason; null where no reason is known.</summary>
    public IReadOnlyDictionary<string, long>? LeftBecause { get; init; }

    /// <summary>Since when it waits for what somebody else has in hand; null: it does not wait.</summary>
    public DateTimeOffset? WaitsSince { get; init; }

    /// <summary>When it came to its end, by the clock of the run.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where the next page begins; null: at the oldest.</summary>
    public string? Cursor { get; init; }

    /// <summary>The ids of what is being changed: written before, so that a run that goes on after a crash can count them.</summary>
    public IReadOnlyList<string> Step { get; init; } = [];
}
