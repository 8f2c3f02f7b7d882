using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>A parked row as an operator has seen it: an action holds only while the row is still so.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="FailedAt">When it was parked, as the store has said; a row that was parked again has another time.</param>
/// <param name="ShelvedAt">When it was shelved; null where it is not.</param>
internal readonly record struct RowVersion(string EventId, DateTimeOffset? FailedAt, DateTimeOffset? ShelvedAt)
{
    /// <summary>Whether an action can hold for a row in this version: only a row that is shelved is unshelved, only another is
    /// shelved, and none is replayed.</summary>
    /// <param name="action">The action.</param>
    internal bool Allows(RowAction action) => action switch
    {
        RowAction.Shelve => ShelvedAt is null,
        RowAction.Unshelve => ShelvedAt is not null,
        RowAction.Republish or RowAction.Reprocess => false,
        _ => true,
    };

    /// <summary>The version that a row has been read in.</summary>
    /// <param name="row">The row.</param>
    internal static RowVersion Of(OutboxRow row) => new(row.Event.EventId, row.FailedAt, row.ShelvedAt);
}
