using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Whether a relay keeps anything of the rows that it has sent.</summary>
internal sealed class MemoryGroup : IBenchmarkGroup
{
    private const int Rows = 1_000_000;
    private const int Samples = 10;
    private const double MostGrowth = 5;

    public string Id => "memory";

    public string Title => "Memory of a relay that drains 1,000,000 rows of 1 KiB";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var schema = await OutboxSchema.CreateAsync(database, "memory", AfterSending.Delete, cancellationToken);
        var rows = run.Options.Of(Rows);
        run.Say("Filling the table ...");
        await schema.FillAsync(rows, cancellationToken);
        var sampler = new MemorySampler(Math.Max(1, rows / Samples));
        await schema.DrainAsync(schema.Relay(sampler), rows, cancellationToken);
        foreach (var (sent, managed, workingSet) in sampler.Samples)
        {
            run.Say($"  after {sent:N0} rows: {managed:0.0} MB managed, {workingSet:0.0} MB in all");
        }

        // The first one comes while buffers and pools still find their size.
        var (first, last) = (sampler.Samples[Math.Min(1, sampler.Samples.Count - 1)], sampler.Samples[^1]);
        run.Count("managed memory, second sample", first.Managed, "MB", rows: "17");
        run.Count("managed memory, growth to the last sample", last.Managed - first.Managed, "MB", Target.AtMost(MostGrowth), "17");
        run.Count("working set, second sample", first.WorkingSet, "MB", rows: "17");
        run.Count("working set, growth to the last sample", last.WorkingSet - first.WorkingSet, "MB", rows: "17");
        run.Note(
            "A sample is taken after every tenth of the rows, in the middle of the drain: "
            + "what is left after a full collection, with the batches under way. The working set is that of the whole benchmark process.");
    }
}
