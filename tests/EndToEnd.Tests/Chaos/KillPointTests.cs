using System.Diagnostics;
using Relaybox.Diagnostics;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Chaos;

/// <summary>
/// Every step of relaying and consuming, with every store and with every broker, each store with one of them for the time that it takes: a
/// process is killed as it comes there, and as it leaves it. Each order has its effect once all the same.
/// </summary>
public sealed class KillPointTests
{
    private const string Unreadable = "no order";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan BetweenOrders = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData("dynamodb", "sqs")]
    [InlineData("postgres", "nats")]
    [InlineData("mongodb", "sqs")]
    [InlineData("mysql", "sqs")]
    [InlineData("redis", "nats")]
    public async Task Whoever_is_killed_before_or_after_a_step_loses_and_doubles_nothing(string store, string broker)
    {
        await using var stack = await ChaosStack.StartAsync(store, broker, duplicatePercent: 0);
        await stack.App.PrepareAsync(CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var driving = ScheduleDriver.RunAsync(stack.Runner, stop.Token);
        var orders = new List<Order>();
        var killed = 0;

        foreach (var point in Spans.All.SelectMany(span => new[] { $"{span}.begin", $"{span}.end" }))
        {
            var file = Path.Combine(stack.KillPoints, point);
            await File.WriteAllTextAsync(file, "");
            await Eventually.TrueAsync(
                async () =>
                {
                    orders.Add(await PlaceAsync(stack, orders.Count, isUnreadable: point.StartsWith(Spans.Fail, StringComparison.Ordinal)));
                    var wait = Stopwatch.StartNew();
                    while (!File.Exists($"{file}.done") && wait.Elapsed < BetweenOrders)
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
                    }

                    return File.Exists($"{file}.done");
                },
                $"a process comes to {point}. {stack.Output}",
                Patience);

            // An order that is in hand at three deaths is a dead letter: none may be in the way of more than two.
            if (++killed % 2 == 0)
            {
                await HaveEffectsAsync(stack, orders);
            }
        }

        await Eventually.TrueAsync(
            async () => (await stack.App.ReadOutboxAsync(CancellationToken.None)).Values.All(status => status == "sent"),
            $"all rows are sent. {stack.Output}",
            Patience);
        Assert.All(await stack.App.ReadEffectsAsync(CancellationToken.None), effect => Assert.Equal(1, effect.Value.Applied));
        Assert.Equal(2 * Spans.All.Count, killed);
        await stop.CancelAsync();
        await driving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static async Task HaveEffectsAsync(ChaosStack stack, List<Order> orders)
    {
        var good = orders.Where(order => order.Payload != Unreadable).Select(order => order.EventId).ToHashSet();
        await Eventually.TrueAsync(
            async () => (await stack.App.ReadEffectsAsync(CancellationToken.None)).Keys.ToHashSet().IsSupersetOf(good),
            $"{good.Count} orders have their effect. {stack.Output}",
            Patience);
    }

    // One that the example handler cannot read fails, and goes to the dead letters.
    private static async Task<Order> PlaceAsync(ChaosStack stack, int number, bool isUnreadable)
    {
        var order = Order.Create(number, DateTimeOffset.UtcNow);
        if (isUnreadable)
        {
            order = order with { Payload = Unreadable };
        }

        Assert.True(await stack.App.PlaceAsync(order, CancellationToken.None));
        return order;
    }
}
