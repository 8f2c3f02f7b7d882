namespace Relaybox.Operations;

/// <summary>A dead letter as an operator sees it: without payload and values of headers.</summary>
internal sealed record DeadLetterView
{
    /// <summary>The broker's id of the dead letter: a message id, or a place in a stream.</summary>
    public required string LetterId { get; init; }

    /// <summary>The event's id.</summary>
    public string? EventId { get; init; }

    /// <summary>The event's subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>Why it is dead: a code. Null where the broker itself moved it.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Why it is dead, in words.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>When it died, as far as the broker says.</summary>
    public DateTimeOffset? DeadAt { get; init; }

    /// <summary>How often it was received among the dead letters, this look included; null where the broker does not count.</summary>
    public int? Receives { get; init; }

    /// <summary>The bytes of its body.</summary>
    public long Bytes { get; init; }

    /// <summary>The names of its headers.</summary>
    public IReadOnlyList<string> HeaderNames { get; init; } = [];

    /// <summary>What is shown of a dead letter.</summary>
    internal static DeadLetterView Of(DeadLetter letter) => new()
    {
        LetterId = letter.Id,
        EventId = letter.EventId,
        Subject = letter.Subject,
        OrderingKey = letter.Event?.OrderingKey,
        ErrorCode = letter.ErrorCode,
        ErrorMessage = letter.ErrorMessage,
        DeadAt = letter.DeadAt,
        Receives = letter.Receives,
        Bytes = letter.Bytes,
        HeaderNames = [.. letter.HeaderNames.Order(StringComparer.Ordinal)],
    };
}
