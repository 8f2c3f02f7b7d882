using Relaybox.Local.Demo;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>Where one scheduled run follows another, relaying and consuming go on.</summary>
public sealed class ScheduleSeamTests
{
    private const int OrdersPerSecond = 10;
    private const int Seams = 2;

    // A quarter of the template's minute. A run lasts five seconds longer, as there.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Run = Period + TimeSpan.FromSeconds(5);

    [Fact]
    public async Task No_event_waits_for_the_next_run()
    {
        var seconds = $"{Run.TotalSeconds}";
        await using var stack = await RunningStack.StartAsync(
            configure: options => options with
            {
                Environment = new Dictionary<string, string> { ["SWEEP_LISTEN_SECONDS"] = seconds, ["PULL_SECONDS"] = seconds },
            },
            parameters: [("Store", "postgres"), ("Broker", "nats")]);
        await using var app = stack.Runner.CreateDemoApp();
        await app.PrepareAsync(CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var schedule = ScheduleAsync(stack, stop.Token);
        var count = (int)(((Seams + 0.6) * Period.TotalSeconds) * OrdersPerSecond);
        var writing = new OrderWriter(app, TimeProvider.System).WriteAsync(count, OrdersPerSecond, 4, CancellationToken.None);

        // The functions' start is not what this is about.
        await Eventually.TrueAsync(
            async () => await app.CountEffectsAsync(CancellationToken.None) > 0, $"the first effect. {stack.Output}", TimeSpan.FromMinutes(2));
        var started = TimeProvider.System.GetUtcNow();
        await writing;
        await Eventually.TrueAsync(
            async () => await app.CountEffectsAsync(CancellationToken.None) == count, $"every effect. {stack.Output}", TimeSpan.FromMinutes(2));
        await stop.CancelAsync();
        Assert.True(await schedule > Seams, "there was no seam");

        var effects = await app.ReadEffectsAsync(CancellationToken.None);
        var slowest = (await app.ReadOrdersAsync(CancellationToken.None))
            .Where(order => order.Value > started)
            .Max(order => effects[order.Key].AppliedAt - order.Value);
        Assert.True(slowest < Period / 2, $"An event waited for {slowest}; a run begins every {Period}. {stack.Output}");
    }

    // Starts both functions again and again, whether or not the last runs have ended; tells how many times.
    private static async Task<int> ScheduleAsync(RunningStack stack, CancellationToken stop)
    {
        var runs = new List<Task>();
        using var timer = new PeriodicTimer(Period, TimeProvider.System);
        try
        {
            do
            {
                runs.Add(stack.Runner.InvokeAsync(stack.Runner.Functions["SweepRelay"], null, stop));
                runs.Add(stack.Runner.InvokeAsync(stack.Runner.Functions["PullConsume"], null, stop));
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return runs.Count / 2;
    }
}
