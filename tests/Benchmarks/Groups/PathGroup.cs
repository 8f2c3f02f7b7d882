using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Paths;

namespace Relaybox.Benchmarks.Groups;

/// <summary>From a commit to the handler's effect, through template.yaml on this machine.</summary>
internal sealed class PathGroup : IBenchmarkGroup
{
    private const int Events = 50;
    private const int Rate = 7;

    // Until everything on the path is compiled for good, and every connection is open, as in a service that has run for a while.
    private const int WarmUp = 1000;
    private const int WarmUpRate = 50;
    private const string P50 = "p50";

    public string Id => "path";

    public string Title => "Commit to effect through the local runner, single events, beside the emulators' own round trips";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await MeasureAsync(run, "DynamoDB stream to SQS", "dynamodb", trips => trips.MeasureDynamoDbAsync, cancellationToken);
        await MeasureAsync(run, "PostgreSQL to SQS", "postgres", trips => trips.MeasurePostgresAsync, cancellationToken);
        run.Note(
            "The servers alone, through plain clients and at the same pace: from a put to GetRecords asked without a pause, "
            + "and the relay's invocation, or from a commit to its notification and a claim of its row; "
            + "from a send to a receive that waits; the consumer's invocation; a write; a transaction of two. "
            + "The path cannot ask them less often. What Lambda's own polling adds on AWS is not in it.");
        run.Note(
            "Sending is the relay's own word, in whole milliseconds, of which the middle is taken. "
            + "An effect is there when the consumer has answered. The stages have all events after the warm-up, the first of each round too.");
    }

    private static async Task MeasureAsync(
        BenchmarkRun run,
        string name,
        string store,
        Func<EmulatorRoundTrips, Func<int, CancellationToken, Task<double[]>>> serversAlone,
        CancellationToken cancellationToken)
    {
        await using var path = await EventPath.StartAsync(store, options => options, cancellationToken);
        await using var trips = new EmulatorRoundTrips(path.Stack.Runner.Servers, Rate);
        await trips.CreateAsync(cancellationToken);
        await CompareAsync(run, name, path, serversAlone(trips), cancellationToken);
        trips.Report(run, name);
    }

    private static async Task CompareAsync(
        BenchmarkRun run, string name, EventPath path, Func<int, CancellationToken, Task<double[]>> serversAlone, CancellationToken cancellationToken)
    {
        var events = run.Options.Of(Events);
        run.Say($"{name}: {run.Options.Of(WarmUp)} events to warm up");
        await path.MeasureAsync(run.Options.Of(WarmUp), WarmUpRate, cancellationToken);
        path.Stages.Forget();
        await run.CompareAsync(
            new Comparison(name, [Metric.Milliseconds(P50), Metric.Milliseconds("p99")], [
                Arm.Latency("the servers alone, one after the other", ct => serversAlone(events, ct)),
                Arm.Latency("commit to effect", ct => path.MeasureAsync(events, Rate, ct)) with
                {
                    Targets = new Dictionary<string, Target> { [P50] = Target.AtMost(2) },
                },
            ])
            { Rows = "18" },
            cancellationToken);
        path.Stages.Report(run, name);
    }
}
