using Relaybox.Messaging;

namespace Relaybox.DynamoDb;

/// <summary>How the outbox lies in DynamoDB.</summary>
public sealed record DynamoDbOutboxOptions
{
    /// <summary>The outbox table's name.</summary>
    public required string TableName { get; init; }

    /// <summary>Who finds new rows: the table's stream, or the sweep. Default: the stream.</summary>
    public RelayTrigger Trigger { get; init; } = RelayTrigger.Stream;

    /// <summary>Over how many values the due index is spread. Default: 8. It may grow, never shrink, while rows are due.</summary>
    public int DueShards { get; init; } = 8;

    /// <summary>How long a sent row is kept before its time to live ends. Default: 7 days.</summary>
    public TimeSpan SentRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// What keeps large payloads apart from their rows, in <see cref="DynamoDbOutboxWriter.CommitAsync"/> and
    /// <c>ExecuteWithOutboxAsync</c>. Null, the default: a payload that makes a row larger than an item of DynamoDB may be (400 KB) is refused.
    /// </summary>
    public ClaimCheck? ClaimCheck { get; init; }

    /// <summary>How many single-row writes are in flight at once. Default: 16.</summary>
    public int Concurrency { get; init; } = 16;
}
