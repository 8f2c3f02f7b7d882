using System.Text;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What a function's loop costs around its handler.</summary>
internal sealed class RuntimeGroup : IBenchmarkGroup
{
    private const int CountedEvents = 20_000;

    public string Id => "runtime";

    public string Title => "Lambda runtime loop, events of 1 KiB, a handler that answers with what it gets";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var payload = Encoding.UTF8.GetBytes(BenchPayload.Text);
        await run.CompareAsync(
            new Comparison("Invocations", [Metric.Rate("invocations")], [
                Arm.Throughput("bare HttpClient", 5_000, (n, ct) => RuntimeLoops.RunBareAsync(payload, n, ct)),
                Arm.Throughput("our loop", 5_000, (n, ct) => RuntimeLoops.RunOursAsync(payload, n, ct), target: Target.AtLeast(0.9)),
            ])
            { Rows = "12" },
            cancellationToken);
        await CountAsync("bare HttpClient", RuntimeLoops.RunBareAsync);
        await CountAsync("our loop", RuntimeLoops.RunOursAsync);

        // What the stub allocates is in both.
        async Task CountAsync(string name, Func<ReadOnlyMemory<byte>, long, CancellationToken, Task> loop)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await loop(payload, CountedEvents, cancellationToken);
            run.Count(
                $"{name}: allocated per invocation, with the stub's part",
                (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / CountedEvents,
                "bytes",
                rows: "12");
        }
    }
}
