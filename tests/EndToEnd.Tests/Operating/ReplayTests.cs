using System.Text.Json;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator sends events of a running stack again, with the command line alone. DynamoDB Local and the SQS emulator stand for AWS.
/// </summary>
public sealed class ReplayTests
{
    private static readonly string[] Events = ["replay-1", "replay-2", "replay-3"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqs", true)]
    [InlineData("nats", false)]
    public async Task A_republish_has_no_effect_where_the_first_had_one_and_a_reprocess_has_one_more(string broker, bool byStack)
    {
        await using var stack = await StartAsync(parameters: ("Broker", broker));
        string[] byFunction = byStack ? ["--stack", "relaybox", "--region", "eu-central-2"] : [];
        var commands = new CommandLine([.. byFunction, "--env-file", stack.EnvironmentFile]);
        using var stop = new CancellationTokenSource();
        var pulling = broker == "nats" ? stack.InvokeAgainAsync("PullConsume", stop.Token) : Task.CompletedTask;
        Assert.Equal(1, (await commands.RunAsync("replay", "state:sent", "--dry-run")).ExitCode);
        foreach (var id in Events)
        {
            await stack.WriteAsync(id);
            await stack.RowWithStatusAsync(id, "sent");
        }

        await stack.EffectsOfAsync(Events);
        var listed = await commands.RunAsync("list", "state:sent");
        Assert.All(Events, id => Assert.Contains(id, listed.Output, StringComparison.Ordinal));
        var nothing = await commands.RunAsync("replay", "--yes", "--reason", "why");
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("Which sent rows?", nothing.Errors, StringComparison.Ordinal);

        // Two of them are handled once more; what was published again before that had no effect.
        await ReplayAsync("state:sent", 3);
        await ReplayAsync("id:replay-2", 1, "--reprocess");
        await ReplayAsync("id:replay-3", 1, "--reprocess");

        await Eventually.TrueAsync(
            async () => (await stack.EffectsAsync()) is var effects && HasOneMore(effects, "replay-2") && HasOneMore(effects, "replay-3"),
            $"both are handled once more. {stack.Output}",
            CommandLine.Patience);
        Assert.All(await stack.EffectsAsync(), effect => Assert.Equal(1, effect.Value));
        Assert.Equal(Events.Length + 2, (await stack.EffectsAsync()).Count);
        Assert.Equal("sent", (await stack.RowAsync("replay-2"))["status"].S);
        var operations = (await commands.JsonAsync("operations")).GetProperty("operations").EnumerateArray();
        Assert.Equal(["reprocess", "reprocess", "republish"], operations.Select(operation => operation.GetProperty("action").GetString()));
        await stop.CancelAsync();
        await pulling;

        // The example's effects have the id of the replay behind that of the event.
        static bool HasOneMore(Dictionary<string, long> effects, string eventId) =>
            effects.Keys.Any(id => id.StartsWith($"{eventId}~", StringComparison.Ordinal));

        // The broker's own memory of ids says that nothing new came, or the inbox does.
        async Task ReplayAsync(string selection, int count, params string[] more)
        {
            var run = await commands.RunAsync(["replay", selection, "--yes", "--reason", "a test", "--json", .. more]);
            var operation = JsonDocument.Parse(run.Output).RootElement.GetProperty("operation");
            Assert.Equal("done", operation.GetProperty("state").GetString());
            Assert.Equal(count, operation.GetProperty("applied").GetInt64() + operation.GetProperty("leftAlone").GetInt64());
        }
    }
}
