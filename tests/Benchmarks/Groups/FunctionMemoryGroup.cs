using System.Globalization;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Paths;
using Relaybox.Local.Lambda;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the memory of the functions is worth: Lambda gives a function processor time in proportion to it.</summary>
internal sealed class FunctionMemoryGroup : IBenchmarkGroup
{
    private const int Events = 500;
    private const int Rate = 25;
    private const int WarmUp = 300;

    // Sizes that the template allows, the largest first: it is what the others are compared with.
    private static readonly int[] Sizes = [1769, 1024, 768, 512, 256];

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    public string Id => "function-memory";

    public string Title => "Commit to effect by the memory of the functions, with the processor time that Lambda gives for it";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        if (!ProcessorShare.IsPossible)
        {
            run.Note("Not measured: this needs the right to make control groups with a quota of processor time, as root has it on most machines.");
            return;
        }

        foreach (var store in new[] { "postgres", "dynamodb" })
        {
            var most = new Figures(0, 0);
            foreach (var megabytes in Sizes)
            {
                var figures = await MeasureAsync(run, store, megabytes, cancellationToken);
                most = megabytes == Sizes[0] ? figures : most;
                var name = $"{store} to sqs, {megabytes:N0} MB";
                run.Count($"{name}: p50", figures.Median, "ms");
                run.Count($"{name}: p99", figures.Percentile99, "ms");
                run.Count($"{name}: p50 to that of {Sizes[0]:N0} MB", figures.Median / most.Median, "");
                run.Count($"{name}: p99 to that of {Sizes[0]:N0} MB", figures.Percentile99 / most.Percentile99, "");
            }
        }

        run.Note(
            $"{Rate} single events a second of 1 KiB, after {run.Options.Of(WarmUp)} to warm up, from the commit to the answer of the consumer. "
            + "Each process of a function has the heap of the template for its memory, and a quota of processor time in each tenth of a second: "
            + $"one processor for {ProcessorShare.MegabytesOfAProcessor:N0} MB, as Lambda's documentation says. "
            + "The servers and the app have no quota. It is a model of Lambda, not Lambda.");
    }

    private static async Task<Figures> MeasureAsync(BenchmarkRun run, string store, int megabytes, CancellationToken cancellationToken)
    {
        run.Say($"{store} to sqs: {megabytes:N0} MB ...");
        var size = megabytes.ToString(CultureInfo.InvariantCulture);
        var shares = new Dictionary<int, ProcessorShare>();
        try
        {
            await using var path = await EventPath.StartAsync(
                store,
                options => options with
                {
                    Parameters = new Dictionary<string, string>(options.Parameters) { ["RelayMemoryMB"] = size, ["ConsumeMemoryMB"] = size },
                },
                cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var sharing = ShareAsync(path.Stack.Runner.Functions.Values, megabytes, shares, stop.Token);
            await path.MeasureAsync(run.Options.Of(WarmUp), Rate, cancellationToken);
            var milliseconds = await path.MeasureAsync(run.Options.Of(Events), Rate, cancellationToken);
            await stop.CancelAsync();
            await sharing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new Figures(Statistics.Percentile(milliseconds, 50), Statistics.Percentile(milliseconds, 99));
        }
        finally
        {
            foreach (var share in shares.Values)
            {
                share.Dispose();
            }
        }
    }

    // Each process is an environment of its own on Lambda.
    private static async Task ShareAsync(
        IEnumerable<FunctionHost> functions, int megabytes, Dictionary<int, ProcessorShare> shares, CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var pid in functions.SelectMany(function => function.Pids).Where(pid => !shares.ContainsKey(pid)).ToList())
            {
                var share = ProcessorShare.Of(megabytes);
                shares.Add(pid, share);
                share.Take(pid);
            }

            await Task.Delay(LookInterval, cancellationToken);
        }
    }

    private sealed record Figures(double Median, double Percentile99);
}
