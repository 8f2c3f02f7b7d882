using NATS.Client.Core;
using NATS.Client.Core.Internal;

namespace Relaybox.Substitutes.Tests.Nats.Internal;

public class ReconnectBackoffTests
{
    private static readonly NatsOpts Opts = new()
    {
        ReconnectWaitMin = TimeSpan.FromMilliseconds(100), ReconnectWaitMax = TimeSpan.FromSeconds(1), ReconnectJitter = TimeSpan.FromMilliseconds(50),
    };

    [Fact]
    public void The_first_attempt_is_at_once_and_each_later_one_waits_twice_as_long_up_to_the_limit() =>
        Assert.Equal([0, 100, 200, 400, 800, 1000, 1000], Enumerable.Range(1, 7).Select(attempt => Milliseconds(attempt, 0)));

    [Fact]
    public void Every_wait_is_spread_the_first_and_the_longest_too() =>
        Assert.All([1, 2, 5, 6, 1_000, int.MaxValue], attempt =>
        {
            Assert.Equal(25, Milliseconds(attempt, 0.5) - Milliseconds(attempt, 0), 6);
            Assert.Equal(50, Milliseconds(attempt, 1) - Milliseconds(attempt, 0), 6);
        });

    private static double Milliseconds(int attempt, double chance) => ReconnectBackoff.Before(Opts, attempt, chance).TotalMilliseconds;
}
