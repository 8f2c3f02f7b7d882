using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>Passes changes of the outbox on: to the checker, to who listens, and to the stream of new rows.</summary>
internal sealed class OutboxEvents(World world) : IOutboxWatcher
{
    private IOutboxWatcher Checker => world.Checker;

    public void Inserted(TableRow row)
    {
        Checker.Inserted(row);
        world.Announce(row);
    }

    public void Claimed(TableRow row) => Checker.Claimed(row);

    public void Locked(TableRow row) => Checker.Locked(row);

    public void Marked(TableRow row, OutboxStatus status, ClaimToken token) => Checker.Marked(row, status, token);

    public void Answered(IReadOnlyList<TableRow> rows, string token) => Checker.Answered(rows, token);

    public void GivenBack(TableRow row, string token) => Checker.GivenBack(row, token);

    public void Reset(TableRow row) => Checker.Reset(row);

    public void Deleted(TableRow row) => Checker.Deleted(row);

    public void Acting(TableRow row, RowAction action)
    {
        world.RequireConfirmed(row, action);
        Checker.Acting(row, action);
    }
}
