using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Local.Demo;
using Relaybox.Local.Lambda;
using Relaybox.Local.Processes;

namespace Relaybox.Benchmarks.Groups;

/// <summary>The memory of the functions while a backlog of small or large payloads goes from commit to effect.</summary>
internal sealed class PayloadsGroup : IBenchmarkGroup
{
    private const int MostRows = 3_000;
    private const long BacklogBytes = 200L << 20;

    // DynamoDB Local keeps the table and its stream in memory, and has 384 MB of it.
    private const long EmulatedBacklogBytes = 40L << 20;
    private const int Smallest = 100;

    // The largest of the store, or of the broker with what the envelope adds.
    private const int LargestItem = 395_000;
    private const int LargestMessage = 1_045_000;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public string Id => "payloads";

    public string Title => "Memory of the functions at their peak, a backlog of payloads of 100 bytes to the largest";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        foreach (var (store, largest) in new[] { ("postgres", LargestMessage), ("dynamodb", LargestItem) })
        {
            foreach (var broker in new[] { "sqs", "nats" })
            {
                var smallest = await MeasureAsync(run, store, broker, Smallest, cancellationToken);
                foreach (var bytes in new[] { 10_000, 100_000, largest })
                {
                    var peaks = await MeasureAsync(run, store, broker, bytes, cancellationToken);
                    foreach (var (function, megabytes) in peaks.Where(peak => smallest.ContainsKey(peak.Key)))
                    {
                        var name = $"{store} to {broker}, {bytes:N0} bytes: {function}";
                        run.Count(name, megabytes, "MB");
                        run.Count($"{name}, of that with {Smallest} bytes", megabytes / smallest[function], "");
                    }
                }
            }
        }

        run.Note(
            "The peak is the largest resident set of a function's process, as the kernel has counted it. A process that uses more than the "
            + "template's memory is killed, as on Lambda; then the run fails. The backlog has 200 MB (with DynamoDB Local 40), or 3,000 rows.");
    }

    private static async Task<Dictionary<string, double>> MeasureAsync(
        BenchmarkRun run, string store, string broker, int bytes, CancellationToken cancellationToken)
    {
        var rows = (int)Math.Min(run.Options.Of(MostRows), (store == "dynamodb" ? EmulatedBacklogBytes : BacklogBytes) / bytes);
        run.Say($"{store} to {broker}: {rows:N0} rows of {bytes:N0} bytes ...");
        await using var stack = await BenchStack.StartAsync(BenchStack.BuiltFunctions, store, broker, cancellationToken);
        await using var app = stack.Runner.CreateDemoApp();
        await app.PrepareAsync(cancellationToken);
        var writing = new OrderWriter(app, TimeProvider.System, bytes).WriteAsync(rows, rate: 0, concurrency: 4, cancellationToken);
        if (store == "postgres")
        {
            // All of it waits before the first is relayed.
            await writing;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pulling = Task.WhenAll(
            stack.Runner.Functions.Where(function => function.Key is "SweepRelay" or "PullConsume")
                .Select(function => InvokeAgainAsync(stack, function.Value, stop.Token)));
        var peaks = new Dictionary<string, double>();
        var pids = stack.Runner.Functions.ToDictionary(function => function.Key, function => function.Value.Pids);
        while (await app.CountEffectsAsync(cancellationToken) < rows)
        {
            await Task.Delay(PollInterval, cancellationToken);
            foreach (var (name, host) in stack.Runner.Functions)
            {
                if (host.Pids.Except(pids[name]).Any() && pids[name].Except(host.Pids).Any())
                {
                    throw new InvalidOperationException($"{name} was ended while {rows:N0} rows of {bytes:N0} bytes went from {store} to {broker}.");
                }

                pids[name] = host.Pids;
                peaks[name] = Math.Max(peaks.GetValueOrDefault(name), host.Pids.Select(ProcessMemory.PeakMegabytes).DefaultIfEmpty().Max());
            }
        }

        await writing;
        await stop.CancelAsync();
        await pulling;
        return peaks.Where(peak => peak.Key is "StreamRelay" or "SweepRelay" or "Consume" or "PullConsume").ToDictionary();
    }

    private static async Task InvokeAgainAsync(BenchStack stack, FunctionHost host, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await stack.Runner.InvokeAsync(host, payload: null, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // It is measured.
        }
    }
}
