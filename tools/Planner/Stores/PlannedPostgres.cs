using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in PostgreSQL on RDS, relayed by sweeps that listen.</summary>
internal sealed class PlannedPostgres() : PlannedSql("postgres", "PostgreSQL")
{
    protected override double AskAgain => 0.5;

    protected override (string Name, string Rate, string Change) Log =>
        ("write-ahead log", "postgres.wal_bytes_per_second", "AfterSending=delete");

    protected override (string PerProcessor, string Change) Connections =>
        ("rds.connections_per_vcpu", "RDS Proxy for the consumers (not for the relay that listens); a larger instance, to 5,000");

    protected override double LogBytes(PlanBuilder plan) =>
        plan.Cost("postgres.insert_wal_bytes") + plan.Cost("postgres.mark_wal_bytes") + plan.Cost("postgres.inbox_wal_bytes");
}
