namespace Relaybox.MongoDouble.Commands;

/// <summary>What the dispatcher has to know of a command.</summary>
[Flags]
internal enum CommandTraits
{
    None = 0,

    /// <summary>Allowed before authentication.</summary>
    Anonymous = 1,

    /// <summary>Allowed in a multi-document transaction.</summary>
    InTransaction = 2,

    /// <summary>Needs the primary.</summary>
    Write = 4,

    /// <summary>Takes a <c>txnNumber</c> outside of a transaction.</summary>
    Retryable = 8,

    /// <summary>commitTransaction and abortTransaction.</summary>
    EndsTransaction = 16,

    /// <summary>Runs on <c>admin</c> alone.</summary>
    AdminOnly = 32,

    /// <summary>Its fields are not checked against a list.</summary>
    AnyFields = 64,

    /// <summary>Needs the primary, or a client that accepts a secondary.</summary>
    Read = 128,

    /// <summary>Needs a privilege that is about no collection: <see cref="CommandDefinition.Action"/> on the cluster.</summary>
    Cluster = 256,
}
