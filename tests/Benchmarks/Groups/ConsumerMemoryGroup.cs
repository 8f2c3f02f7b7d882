using System.Diagnostics;
using System.Globalization;
using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Whether a consumer that is never idle keeps anything of what it has handled.</summary>
internal sealed class ConsumerMemoryGroup : IBenchmarkGroup
{
    private const int Samples = 20;

    // Until the code is compiled and the pools are full.
    private const int WarmUpSamples = 2;

    private static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    public string Id => "consumer-memory";

    public string Title => "Memory of a consumer on PostgreSQL under continuous load, batches of 10, 1 KiB";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var length = Length * run.Options.Scale;
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var tables = await database.MigrateAsync("inbox", AfterSending.Keep, cancellationToken);
        var consumer = new QueueInvocations(new PostgresInboxRepository(database.Connections, tables, TimeProvider.System, SystemEntropy.Instance));
        var messages = 0L;
        var heaps = new List<double>();
        var sets = new List<double>();
        var watch = Stopwatch.StartNew();
        using var process = Process.GetCurrentProcess();
        for (var sample = 1; sample <= Samples; sample++)
        {
            while (watch.Elapsed < length * sample / Samples)
            {
                consumer.Prepare(1);
                await consumer.RunAsync();
                messages += QueueInvocations.BatchSize;
            }

            process.Refresh();
            sets.Add(process.WorkingSet64 / 1024.0);
            heaps.Add(GC.GetTotalMemory(forceFullCollection: true) / 1024.0);
            run.Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"after {watch.Elapsed.TotalSeconds:0} s and {messages:N0} messages: heap {heaps[^1]:N0} KiB, working set {sets[^1]:N0} KiB"));
        }

        run.Count("length of this run", watch.Elapsed.TotalSeconds, "s", rows: "17");
        run.Count("messages handled", messages, "", rows: "17");
        Compare(run, "managed heap after a collection", heaps);
        Compare(run, "working set", sets);
        run.Note(
            $"Measured {Samples} times at even distances; the first {WarmUpSamples} count for nothing. "
            + "Flat is a last third that is not above the first by more than a tenth. "
            + $"A run takes {Length.TotalMinutes:0} minutes; --scale makes it shorter, and says less.");
    }

    private static void Compare(BenchmarkRun run, string name, List<double> samples)
    {
        var counted = samples[WarmUpSamples..];
        var third = counted.Count / 3;
        var first = Statistics.Median(counted[..third]);
        var last = Statistics.Median(counted[^third..]);
        run.Count($"{name}, first third", first, "KiB", rows: "17");
        run.Count($"{name}, last third", last, "KiB", rows: "17");
        run.Count($"{name}, last third to first", last / first, "", Target.AtMost(1.1), "17");
    }
}
