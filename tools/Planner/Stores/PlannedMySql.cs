using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in MySQL or MariaDB on RDS, relayed by sweeps that ask for new rows. Its times are assumed.</summary>
internal sealed class PlannedMySql() : PlannedSql("mysql", "MySQL")
{
    protected override double AskAgain => 0.5;

    protected override (string Name, string Rate, string Change) Log =>
        ("redo log and binary log", "mysql.log_bytes_per_second", "binlog_row_image=minimal; AfterSending=delete");

    protected override (string PerProcessor, string Change) Connections =>
        ("mysql.connections_per_vcpu", "RDS Proxy; a larger instance, to 16,000");

    protected override double LogBytes(PlanBuilder plan) => plan.Cost("mysql.log_bytes");
}
