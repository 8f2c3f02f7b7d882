namespace Relaybox.DynamoDb;

/// <summary>How the inbox lies in DynamoDB.</summary>
internal sealed record DynamoDbInboxOptions
{
    /// <summary>The inbox table's name.</summary>
    public required string TableName { get; init; }

    /// <summary>How long a processed record is kept before its time to live ends. Default: 21 days.</summary>
    public TimeSpan ProcessedRetention { get; init; } = TimeSpan.FromDays(21);

    /// <summary>How many single-record writes are in flight at once. Default: 16.</summary>
    public int Concurrency { get; init; } = 16;
}
