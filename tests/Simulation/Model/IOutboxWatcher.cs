using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>Is told of every change of the model outbox, in the moment that it happens.</summary>
internal interface IOutboxWatcher
{
    void Inserted(TableRow row);

    void Claimed(TableRow row);

    /// <summary>A row that nobody has claimed any more was locked by a transaction, which then may make it sent.</summary>
    void Locked(TableRow row);

    /// <summary>A row was recorded as sent, put back, or parked, under a token.</summary>
    void Marked(TableRow row, OutboxStatus status, ClaimToken token);

    /// <summary>A worker is told which rows it has claimed under its token.</summary>
    void Answered(IReadOnlyList<TableRow> rows, string token);

    /// <summary>A claim was ended by its holder, who has not used it.</summary>
    void GivenBack(TableRow row, string token);

    void Reset(TableRow row);

    void Deleted(TableRow row);

    /// <summary>An operator's action is about to change a parked row.</summary>
    void Acting(TableRow row, RowAction action);
}
