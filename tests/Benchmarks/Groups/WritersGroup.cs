using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the outbox costs the app: transactions of a business row and its event, beside the business row alone.</summary>
internal sealed class WritersGroup : IBenchmarkGroup
{
    private const string Ours = "Relaybox";

    private static readonly Target OfBusinessRow = Target.AtLeast(0.6);

    public string Id => "writers";

    public string Title => "transactions of a business row and an event on PostgreSQL, durable commits, 1 KiB, a broker that takes no time";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var loop = new WriterLoop(database, await OutboxSchema.CreateAsync(database, "written", AfterSending.Keep, cancellationToken));
        await loop.CreateAsync(cancellationToken);
        await CompareAsync("8 writers, nothing relayed", 8, loop.WriteAsync, OfBusinessRow);
        await CompareAsync("8 writers while a relay sends", 8, loop.WriteRelayedAsync);
        await CompareAsync("1 writer while a relay sends", 1, loop.WriteRelayedAsync);

        Task CompareAsync(string name, int writers, Func<long, int, CancellationToken, Task<TimeSpan>> write, Target? target = null)
        {
            return run.CompareAsync(
                new Comparison(name, [Metric.Rate("transactions")], [
                    Writing("the business row alone", loop.WriteBusinessAsync),
                    Writing(Ours, write, target),
                ]),
                cancellationToken);

            Arm Writing(string arm, Func<long, int, CancellationToken, Task<TimeSpan>> run, Target? least = null) =>
                Arm.Timed(arm, 1_000, (rows, ct) => run(rows, writers, ct), loop.PrepareAsync, least);
        }
    }
}
