using System.Diagnostics;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it costs to ask for work where there is none any more: the rows that were just drained have left traces.</summary>
internal sealed class PollsGroup : IBenchmarkGroup
{
    private const int Rows = 100_000;
    private const int Polls = 200;
    private const double MostMilliseconds = 3;

    public string Id => "polls";

    public string Title => "PostgreSQL, empty polls right after a drain of 100,000 rows";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        await MeasureAsync(run, database, "lease, keep", AfterSending.Keep, RelayMode.Lease, cancellationToken);
        await MeasureAsync(run, database, "lease, delete", AfterSending.Delete, RelayMode.Lease, cancellationToken);
        await MeasureAsync(run, database, "locked, keep", AfterSending.Keep, RelayMode.Locked, cancellationToken);
        await MeasureAsync(run, database, "locked, delete", AfterSending.Delete, RelayMode.Locked, cancellationToken);
        run.Note(
            "A poll is a whole drain that finds nothing, with all of its statements. "
            + "The slowest of 200 is taken in each round; the median of the rounds has to reach the target, "
            + "the worst round is told beside it. Between two polls stands a SELECT 1: how slow the slowest of them is is the machine's doing.");
    }

    private static async Task MeasureAsync(
        BenchmarkRun run, BenchDatabase database, string name, AfterSending afterSending, RelayMode mode, CancellationToken cancellationToken)
    {
        var schema = await OutboxSchema.CreateAsync(database, $"polls_{mode}_{afterSending}".ToLowerInvariant(), afterSending, cancellationToken);
        var relay = schema.Relay(new NoOpPublisher(), new RelayOptions { Mode = mode });
        var rows = run.Options.Of(Rows);
        var slowest = new List<double>();
        var medians = new List<double>();
        var beside = new List<double>();
        for (var round = 0; round <= run.Options.Rounds; round++)
        {
            run.Say($"{name}: round {round} of {run.Options.Rounds}");
            await schema.FillAsync(rows, cancellationToken);
            await schema.DrainAsync(relay, rows, cancellationToken);
            var (times, others) = await PollAsync(database, schema, relay, cancellationToken);
            if (round > 0)
            {
                slowest.Add(times.Max());
                medians.Add(Statistics.Median(times));
                beside.Add(others.Max());
                var five = times.Index()
                    .OrderByDescending(time => time.Item)
                    .Take(5)
                    .Select(time => $"{Figure.Text(time.Item)} ms ({time.Index})");
                run.Say($"  slowest: {string.Join(", ", five)}; beside them {Figure.Text(others.Max())} ms");
            }
        }

        run.Count($"{name}: slowest of {Polls} polls", Statistics.Median(slowest), "ms", Target.AtMost(MostMilliseconds), "9");
        run.Count($"{name}: slowest of {Polls} polls, worst round", slowest.Max(), "ms", rows: "9");
        run.Count($"{name}: slowest of {Polls} times SELECT 1, between the polls", Statistics.Median(beside), "ms", rows: "9");
        run.Count($"{name}: median poll", Statistics.Median(medians), "ms", rows: "9");
    }

    // Between the polls it asks for nothing at all: what is slow then is the machine.
    private static async Task<(double[] Polls, double[] Others)> PollAsync(
        BenchDatabase database, OutboxSchema schema, OutboxRelay relay, CancellationToken cancellationToken)
    {
        var times = new double[Polls];
        var others = new double[Polls];
        for (var i = 0; i < Polls; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await schema.DrainAsync(relay, 0, cancellationToken);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            start = Stopwatch.GetTimestamp();
            await database.ExecuteAsync("SELECT 1", cancellationToken);
            others[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return (times, others);
    }
}
