using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Outbox;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>How soon a row is with the broker once it is committed, by LISTEN and NOTIFY.</summary>
internal sealed class LatencyGroup : IBenchmarkGroup
{
    private const int Rows = 500;
    private const int Rate = 100;

    public string Id => "latency";

    public string Title => "PostgreSQL, from commit to publish by LISTEN and NOTIFY, single rows, 100 a second, 1 KiB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var listening = new ListenLoop(database, "bare_listen");
        await listening.CreateAsync(cancellationToken);
        var schema = await OutboxSchema.CreateAsync(database, "listening", AfterSending.Keep, cancellationToken);
        var relay = new RelayLatency(database, schema);
        var rows = run.Options.Of(Rows);
        await run.CompareAsync(
            new Comparison("From commit to publish", [Metric.Milliseconds("p50"), Metric.Milliseconds("p99")], [
                Arm.Latency("bare LISTEN/NOTIFY loop", ct => listening.MeasureAsync(rows, Rate, ct)),
                Arm.Latency("relay, lease", ct => relay.MeasureAsync(rows, Rate, ct), Target.AtMost(1.3)),
            ])
            { Rows = "18" },
            cancellationToken);
        run.Note(
            "A time begins when the app knows that its row is committed, and ends when the row is handed to the publisher. "
            + "The bare loop does no more than wait, claim with one UPDATE, hand over and mark; "
            + "its table has nothing but a number, a subject, a payload and a status.");
    }
}
