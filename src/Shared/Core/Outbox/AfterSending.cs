namespace Relaybox.Outbox;

/// <summary>What becomes of an outbox row when the broker's acknowledgement is recorded.</summary>
public enum AfterSending
{
    /// <summary>It stays in the table with status <c>sent</c> until the cleanup's retention is over.</summary>
    Keep,

    /// <summary>
    /// It is deleted in the statement that records it: the least work for the database, and no replay. An id that was sent
    /// can be written again, and is then another row.
    /// </summary>
    Delete,

    /// <summary>
    /// It moves, in the statement that records it, to a table that is partitioned by day and whose old partitions are
    /// dropped. An id is refused a second time only while its row is in the outbox itself.
    /// </summary>
    Archive,
}
