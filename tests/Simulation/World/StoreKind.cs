namespace Relaybox.Simulation.World;

/// <summary>The store whose model a seed runs on.</summary>
internal enum StoreKind
{
    /// <summary>An index, a stream of new rows, and the callers' clocks.</summary>
    DynamoDb,

    /// <summary>Statements that are whole, locks that are waited for, and the store's clock.</summary>
    Postgres,

    /// <summary>Statements of many steps, transactions that are aborted where they meet, and the store's clock.</summary>
    MongoDb,
}
