namespace Relaybox.Settings;

/// <summary>Which business data a store can write in one transaction with the outbox row.</summary>
internal enum TransactionScope
{
    /// <summary>Items of the same account and region.</summary>
    Region,

    /// <summary>Any table of the same database.</summary>
    Database,

    /// <summary>Any table of the same server.</summary>
    Server,

    /// <summary>Any collection of the same deployment.</summary>
    Deployment,

    /// <summary>Keys with the same hash tag.</summary>
    HashTag,
}
