namespace Relaybox.Operations;

/// <summary>What an operator asks for.</summary>
internal sealed record OperateRequest
{
    /// <summary>What is asked for.</summary>
    public required OperateCommand Command { get; init; }

    /// <summary>Whether parked rows, dead letters or sent rows are meant. Of list, preview, begin and run.</summary>
    public OperationTarget Of { get; init; }

    /// <summary>Which of them; see <see cref="RowSelection"/>. Of list and preview.</summary>
    /// <remarks>The generated reader sets to null what the text leaves out.</remarks>
    public string Selection { get; init => field = value ?? ""; } = "";

    /// <summary>The row. Of show and why.</summary>
    public string? EventId { get; init; }

    /// <summary>Whether the payload and the values of the headers are wanted. Of show.</summary>
    public bool WithPayload { get; init; }

    /// <summary>Where to go on. Of list.</summary>
    public string? Cursor { get; init; }

    /// <summary>The action. Of begin.</summary>
    public RowAction? Action { get; init; }

    /// <summary>The time of the preview that was confirmed. Of begin.</summary>
    public DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>Why. Of begin and pause.</summary>
    public string? Reason { get; init; }

    /// <summary>Who asks, as the caller names itself.</summary>
    public string? Caller { get; init; }

    /// <summary>The most rows in a second; null: as many as the store takes. Of begin.</summary>
    public int? Rate { get; init; }

    /// <summary>Whether a dead letter that the broker calls a duplicate is deleted. Of begin.</summary>
    public bool DeleteDuplicates { get; init; }

    /// <summary>The most dead letters of a page; null: as many as fit. Of list, of dead letters alone.</summary>
    public int? Limit { get; init; }

    /// <summary>The part. Of pause and resume.</summary>
    public PausablePart? Part { get; init; }

    /// <summary>The operation. Of run and cancel.</summary>
    public string? OperationId { get; init; }
}
