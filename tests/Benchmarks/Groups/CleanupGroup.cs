using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it costs to clean up in steps, against one statement that holds up everything else.</summary>
internal sealed class CleanupGroup : IBenchmarkGroup
{
    private const int Rows = 300_000;

    public string Id => "cleanup";

    public string Title => "PostgreSQL, cleaning up 300,000 sent rows, durable commits, 1 KiB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var schema = await OutboxSchema.CreateAsync(database, "old", AfterSending.Keep, cancellationToken);
        var connections = database.Connections;
        var jobs = new MaintenanceJobs(
            schema.Repository(),
            new PostgresInboxRepository(connections, schema.Options, TimeProvider.System, SystemEntropy.Instance),
            new PostgresJobStore(connections, schema.Options, TimeProvider.System, SystemEntropy.Instance),
            new MaintenanceOptions(),
            NullLogger<MaintenanceJobs>.Instance);
        var rows = run.Options.Of(Rows);
        await run.CompareAsync(
            new Comparison("Rows cleaned up", [Metric.Rate("rows"), Metric.Milliseconds("worst statement")], [
                ArmOf(
                    "one DELETE",
                    ct => database.ExecuteAsync($"DELETE FROM {schema.Table} WHERE status = 'sent' AND sent_at < now() - interval '7 days'", ct)),
                ArmOf("the cleanup", CleanUpAsync) with
                {
                    Targets = new Dictionary<string, Target> { ["rows/s"] = Target.AtLeast(0.7), ["worst statement"] = Target.AtMost(0.05) },
                },
            ])
            { Rows = "14" },
            cancellationToken);
        run.Note(
            "A statement's time is what the client waits for it, with its commit. "
            + "The cleanup is the whole job, with what it remembers of its progress.");

        async Task CleanUpAsync(CancellationToken ct)
        {
            var result = await jobs.CleanupAsync(WorkDeadline.After(TimeSpan.FromMinutes(30), TimeProvider.System), ct);
            if (result.Affected != rows)
            {
                throw new InvalidOperationException($"{result.Affected} of {rows} rows were cleaned up.");
            }
        }

        Arm ArmOf(string name, Func<CancellationToken, Task> clean) => new(name, async (_, ct) =>
        {
            await database.ExecuteAsync($"TRUNCATE {schema.Table}", ct);
            await schema.AddSentAsync(rows, ct);
            await database.ExecuteAsync($"VACUUM (ANALYZE) {schema.Table}", ct);

            // What is cleaned up is days old: its pages were written to their files long ago, and go into the log anew.
            await database.ExecuteAsync("CHECKPOINT", ct);
            using var statements = new StatementTimes();
            var start = Stopwatch.GetTimestamp();
            await clean(ct);
            return [rows / Stopwatch.GetElapsedTime(start).TotalSeconds, statements.Longest.TotalMilliseconds];
        });
    }
}
