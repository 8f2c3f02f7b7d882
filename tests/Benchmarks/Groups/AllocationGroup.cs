using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Relaybox.Benchmarks.Allocation;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Nats;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What an event allocates on its way.</summary>
internal sealed class AllocationGroup : IBenchmarkGroup
{
    private const int CountedRows = 20_000;
    private const int LargePayload = 1_000_000;

    public string Id => "allocation";

    public string Title => "Allocated per event of 1 KiB, and for payloads of 100 bytes to 1 MB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        run.Say("BenchmarkDotNet ...");
        var job = (run.Options.Scale < 1 ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        var summary = BenchmarkRunner.Run<AllocationBenchmarks>(
            ManualConfig.CreateEmpty().AddJob(job).WithOptions(ConfigOptions.DisableOptimizationsValidator).WithArtifactsPath(Path.GetTempPath()));
        foreach (var report in summary.Reports)
        {
            run.Count(
                report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\''),
                report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? double.NaN,
                "bytes");
        }

        await CountPostgresAsync(run, cancellationToken);
        await CountNatsAsync(run, cancellationToken);
        await CountPayloadsAsync(run, cancellationToken);
        run.Note(
            "Where there is no server, the clients of DynamoDB and SQS are stand-ins that answer at once: "
            + "what the SDK makes of a request is not in it. On a server, everything that the process allocates is counted, drivers included.");
    }

    private static async Task CountPostgresAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var schema = await OutboxSchema.CreateAsync(database, "keep", AfterSending.Keep, cancellationToken);
        var rows = run.Options.Of(CountedRows);
        foreach (var mode in new[] { RelayMode.Lease, RelayMode.Locked })
        {
            var relay = schema.Relay(new NoOpPublisher(), new RelayOptions { Mode = mode });
            await CountAsync(
                run,
                $"PostgreSQL to nothing, {mode.ToString().ToLowerInvariant()}, Npgsql included",
                rows,
                () => schema.FillAsync(rows, cancellationToken),
                () => schema.DrainAsync(relay, rows, cancellationToken));
        }
    }

    private static async Task CountNatsAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var stream = await BenchStream.StartAsync(cancellationToken);
        await using var publisher = new PublisherLoop(stream);
        var messages = run.Options.Of(CountedRows);
        await CountAsync(
            run,
            "JetStream publish, batches of 500, our client included",
            messages,
            () =>
            {
                publisher.Prepare(messages);
                return stream.ResetAsync(cancellationToken);
            },
            () => publisher.PublishAsync(500, cancellationToken));
    }

    private static async Task CountPayloadsAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var stream = await BenchStream.StartAsync(cancellationToken);
        foreach (var bytes in new[] { 100, 10_000, LargePayload })
        {
            await using var ways = new PayloadWays(stream, bytes);
            foreach (var (name, prepare) in new (string, Func<Task<Func<Task>>>)[]
            {
                ("relay to SQS", () => Task.FromResult(ways.RelayToSqs())),
                ("relay to JetStream, our client included", ways.RelayToJetStreamAsync),
                ("consume from SQS", () => Task.FromResult(ways.ConsumeFromSqs())),
                ("consume from JetStream", () => Task.FromResult(ways.ConsumeFromJetStream())),
            })
            {
                var work = default(Func<Task>);
                var allocated = await AllocatedAsync(async () => work = await prepare(), () => work!()) / ways.Events;
                run.Count($"payload of {bytes:N0} bytes: {name}", allocated, "bytes");
                if (bytes == LargePayload)
                {
                    run.Count($"payload of {bytes:N0} bytes: {name}, per byte of payload", allocated / bytes, "bytes");
                }
            }
        }
    }

    private static async Task CountAsync(BenchmarkRun run, string name, int events, Func<Task> prepare, Func<Task> work) =>
        run.Count(name, await AllocatedAsync(prepare, work) / events, "bytes");

    // The first time compiles code and fills pools.
    private static async Task<double> AllocatedAsync(Func<Task> prepare, Func<Task> work)
    {
        var allocated = 0L;
        for (var i = 0; i < 2; i++)
        {
            await prepare();
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await work();
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        return allocated;
    }
}
