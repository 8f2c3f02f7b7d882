namespace Relaybox.Configuration;

/// <summary>Where outbox, inbox and jobs are kept.</summary>
public enum StoreKind
{
    /// <summary>Amazon DynamoDB.</summary>
    DynamoDb,

    /// <summary>PostgreSQL, 15 or newer.</summary>
    Postgres,
}
