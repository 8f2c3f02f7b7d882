using Relaybox.Local.Brokers.Nats;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Chaos;

/// <summary>Random faults in real processes: killed, stopped and continued, servers that end and come back, connections that are cut.</summary>
public sealed class ChaosTests
{
    // In each of the five: with those of KillPointTests more than two hundred in all.
    private const int Kills = 25;

    [Theory]
    [InlineData("dynamodb", "nats", 2)]
    [InlineData("postgres", "sqs", 3)]
    [InlineData("mongodb", "nats", 6)]
    [InlineData("mysql", "nats", 8)]
    [InlineData("redis", "sqs", 9)]
    public async Task Random_faults_lose_nothing_and_double_nothing(string store, string broker, int seed)
    {
        await using var stack = await ChaosStack.StartAsync(store, broker);
        var options = new ChaosOptions { Seed = seed, Kills = Kills, Duration = TimeSpan.FromMinutes(4), LongestPause = TimeSpan.FromSeconds(1) };
        var summary = await new ChaosRun(stack.Runner, stack.App, options, Say).RunAsync(CancellationToken.None);
        Say(summary.ToText());
        Assert.True(summary.IsClean, $"{summary.ToText()} {stack.Output}");
        Assert.Equal(Kills, summary.Faults["Kill"]);
        Assert.True(summary.Operations.Count > 0, "An operator has had events sent again.");
    }

    [Fact]
    public async Task A_backlog_of_ten_thousand_is_gone_within_a_lease_and_a_minute_after_the_last_fault()
    {
        const int Count = 10_000;
        await using var stack = await ChaosStack.StartAsync("postgres", "nats", duplicatePercent: 0);
        await stack.App.PrepareAsync(CancellationToken.None);
        var writer = new OrderWriter(stack.App, TimeProvider.System);
        await writer.WriteAsync(Count, rate: 0, concurrency: 8, CancellationToken.None);
        Assert.Equal(Count, writer.Written.Count);

        // The relay is killed in the middle of it, and the broker with it.
        using var stop = new CancellationTokenSource();
        var driving = ScheduleDriver.RunAsync(stack.Runner, stop.Token);
        await File.WriteAllTextAsync(Path.Combine(stack.KillPoints, "outbox.record.begin"), "");
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(stack.KillPoints, "outbox.record.begin.done")), "the relay is killed");
        await ((NatsRun)stack.Runner.Servers.Broker).Server.RestartAsync(TimeSpan.Zero, CancellationToken.None);

        var left = TimeSpan.FromSeconds(5 + 60);
        await Eventually.TrueAsync(
            async () => await stack.App.CountEffectsAsync(CancellationToken.None) == Count
                && await stack.App.CountSentAsync(CancellationToken.None) == Count,
            $"{Count} rows are sent and handled. {stack.Output}",
            left);
        Assert.All(await stack.App.ReadEffectsAsync(CancellationToken.None), effect => Assert.Equal(1, effect.Value.Applied));
        await stop.CancelAsync();
        await driving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
