using Relaybox.Local.Schedules;
using Relaybox.Local.Stack;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Schedules;

public class ScheduleRunnerTests
{
    private static readonly FunctionDefinition Function =
        new("Job", "Job", "job", "handler", 10, 128, null, 2, 21_600, new Dictionary<string, string>(), []);

    private readonly WatchedTimeProvider _clock = new();
    private readonly LinesOutput _output = new();

    [Fact]
    public async Task The_function_gets_the_input_at_once_and_then_at_every_moment()
    {
        var function = new ScriptedFunction(_ => "{}");
        using var stop = new CancellationTokenSource();
        var running = Runner(function, Function, """{"job":"sweep"}""").RunAsync(stop.Token);
        for (var minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => _clock.Timers.Count == minute, "the timer");
            _clock.Advance(TimeSpan.FromMinutes(1));
            await Eventually.TrueAsync(() => function.Events.Count == minute + 1, "the run");
        }

        Assert.All(function.Events, input => Assert.Equal("""{"job":"sweep"}""", input.ToJsonString()));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_run_that_fails_is_tried_twice_more_and_then_given_up()
    {
        var function = new ScriptedFunction(_ => (string?)null);
        var fired = Runner(function, Function).FireAsync(_clock.GetUtcNow(), TestContext.Current.CancellationToken);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            await Eventually.TrueAsync(() => _clock.Timers.Count == attempt, "the delay");
            Assert.Equal(attempt, function.Events.Count);
            _clock.Advance(TimeSpan.FromMinutes(attempt));
        }

        await fired;
        Assert.Equal(3, function.Events.Count);
        Assert.True(_output.Contains("gave up after 3 invocations"));
    }

    [Theory]
    [InlineData(0, 21_600)]
    [InlineData(2, 59)]
    public async Task A_function_that_is_not_to_be_tried_again_is_not(int retries, int maximumAge)
    {
        var function = new ScriptedFunction(_ => (string?)null);
        await Runner(function, Function with { AsyncRetries = retries, AsyncMaximumAgeSeconds = maximumAge })
            .FireAsync(_clock.GetUtcNow(), TestContext.Current.CancellationToken);
        Assert.Single(function.Events);
    }

    private ScheduleRunner Runner(ScriptedFunction function, FunctionDefinition definition, string? input = null) =>
        new(new ScheduleEventDefinition("Schedule", "rate(1 minute)", "UTC", input), definition, function, _output, _clock);
}
