namespace Relaybox.Outbox;

/// <summary>Where a row of the outbox is on its way.</summary>
internal enum OutboxStatus
{
    /// <summary>A status that this version does not know. Such rows are counted and never touched.</summary>
    Unknown,

    /// <summary>Written, and waiting to be published.</summary>
    Pending,

    /// <summary>Claimed by a relay until its lease ends.</summary>
    Publishing,

    /// <summary>The broker has acknowledged it.</summary>
    Sent,

    /// <summary>Parked: kept for an operator, not retried.</summary>
    Failed,
}
