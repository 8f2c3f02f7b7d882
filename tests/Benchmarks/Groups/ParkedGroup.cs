using System.Diagnostics;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Whether operators mind how many rows are parked.</summary>
internal sealed class ParkedGroup : IBenchmarkGroup
{
    private const int Few = 1_000;
    private const int Many = 1_000_000;
    private const int Reads = 100;

    public string Id => "parked";

    public string Title => "PostgreSQL, what operators see first of 1,000,000 parked rows, against 1,000, 1 KiB";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var few = await ParkAsync(database, "few", run.Options.Of(Few), cancellationToken);
        run.Say("Filling the large table ...");
        var many = await ParkAsync(database, "many", run.Options.Of(Many), cancellationToken);
        await run.CompareAsync(
            new Comparison("The first page of 200", [Metric.Milliseconds("p50")], [
                ReadArm("1,000 parked rows", few),
                ReadArm("1,000,000 parked rows", many, Target.AtMost(1.5)),
            ]),
            cancellationToken);
        run.Note("A page is what `relaybox list` asks for, without payloads. The rows are parked in the order of their numbers, one a microsecond.");
    }

    private static async Task<SelectedRows> ParkAsync(BenchDatabase database, string name, int rows, CancellationToken cancellationToken)
    {
        var schema = await OutboxSchema.CreateAsync(database, name, AfterSending.Keep, cancellationToken);
        await schema.AddSentAsync(rows, cancellationToken);
        await database.ExecuteAsync(
            $"""
            UPDATE {schema.Table} SET status = 'failed', sent_at = NULL, failed_at = now() - interval '1 hour' + row_id * interval '1 microsecond',
                attempts = 10, error_code = 'publish.rejected', error_message = 'The queue refused it.'
            """,
            cancellationToken);
        await database.RefreshAsync(schema.Table, cancellationToken);
        return new SelectedRows(
            schema.Repository(),
            new PostgresOutboxOperations(database.Connections, schema.Options, TimeProvider.System, SystemEntropy.Instance));
    }

    private static Arm ReadArm(string name, SelectedRows parked, Target? target = null)
    {
        var all = RowSelection.Parse("state:failed");
        return Arm.Latency(
            name,
            async ct =>
            {
                var times = new double[Reads];
                for (var i = 0; i < Reads; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    await parked.ReadAsync(all, at: null, cursor: null, ct);
                    times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }

                return times;
            },
            target);
    }
}
