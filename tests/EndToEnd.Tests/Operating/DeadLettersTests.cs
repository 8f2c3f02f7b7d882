using Amazon.DynamoDBv2.Model;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator puts dead letters of a running stack right, with the command line alone: on the store and the broker, and by the stack's function.
/// DynamoDB Local and the SQS emulator stand for AWS.
/// </summary>
public sealed class DeadLettersTests
{
    private static readonly string[] Dead = ["dead-1", "dead-2", "dead-3", "dead-4", "dead-5"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqs", false)]
    [InlineData("sqs", true)]
    [InlineData("nats", true)]
    public async Task Dead_letters_are_listed_and_sent_back_and_each_has_its_effect_once(string broker, bool byStack)
    {
        await using var stack = await StartAsync(
            configure: options => options with
            {
                Environment = new Dictionary<string, string>(options.Environment) { ["INBOX_MAX_ATTEMPTS"] = "2", ["PULL_SECONDS"] = "5" },
            },
            parameters: ("Broker", broker));
        string[] byFunction = byStack ? ["--stack", "relaybox", "--region", "eu-central-2"] : [];
        var commands = new CommandLine([.. byFunction, "--env-file", stack.EnvironmentFile]);
        using var stop = new CancellationTokenSource();
        var pulling = broker == "nats" ? stack.InvokeAgainAsync("PullConsume", stop.Token) : Task.CompletedTask;
        Assert.Equal(1, (await commands.RunAsync("dead-letters")).ExitCode);

        // The handler adds a number to what is a text there: it fails each time.
        foreach (var id in Dead)
        {
            await stack.DynamoDb.PutItemAsync(
                stack.Variable("EFFECTS_TABLE"), new Dictionary<string, AttributeValue> { ["eventId"] = S(id), ["applied"] = S("broken") }, Ct);
            await stack.WriteAsync(id);
        }

        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("SweepRelay");
                return (await commands.JsonAsync("status")).GetProperty("deadLetterCount").GetInt64() == Dead.Length;
            },
            $"five messages are dead. {stack.Output}",
            CommandLine.Patience);
        Assert.Contains("parked.dead-letters: To see them", (await commands.RunAsync("doctor")).Output, StringComparison.Ordinal);
        var listed = await commands.RunAsync("dead-letters", "error:message.*");
        Assert.All(Dead, id => Assert.Contains(id, listed.Output, StringComparison.Ordinal));
        Assert.Contains("message.attempts-exhausted", listed.Output, StringComparison.Ordinal);
        Assert.Contains("5 dead letters: relaybox dead-letters redrive error:message.attempts-exhausted", listed.Output, StringComparison.Ordinal);
        Assert.Contains("all of them: relaybox dead-letters redrive state:dead", listed.Output, StringComparison.Ordinal);
        Assert.Equal(byStack, listed.Output.Contains(" --stack relaybox --region eu-central-2", StringComparison.Ordinal));
        Assert.Equal(5, (await commands.JsonAsync("dead-letters", "list")).GetProperty("deadLetters").GetArrayLength());

        // Nothing is repaired yet: it stops by itself, and what it sent dies again.
        var early = await commands.RunAsync("dead-letters", "redrive", "id:dead-1", "--yes", "--reason", "to see it fail");
        Assert.Equal(1, early.ExitCode);
        Assert.Contains("failed again", early.Output, StringComparison.Ordinal);
        await Eventually.TrueAsync(
            async () => (await commands.JsonAsync("status")).GetProperty("deadLetterCount").GetInt64() == Dead.Length,
            "it is dead again",
            CommandLine.Patience);

        // The handler is repaired.
        foreach (var id in Dead)
        {
            await stack.DynamoDb.DeleteItemAsync(
                stack.Variable("EFFECTS_TABLE"), new Dictionary<string, AttributeValue> { ["eventId"] = S(id) }, Ct);
        }

        var unconfirmed = await commands.RunAsync("dead-letters", "redrive", "error:message.*");
        Assert.Equal(2, unconfirmed.ExitCode);
        Assert.Contains("Add --yes and --reason", unconfirmed.Errors, StringComparison.Ordinal);
        Assert.Equal(5, (await commands.JsonAsync("dead-letters", "redrive", "error:message.*", "--dry-run")).GetProperty("count").GetInt64());
        var redriven = await commands.JsonAsync("dead-letters", "redrive", "error:message.*", "--yes", "--reason", "repaired");
        var operation = redriven.GetProperty("operation");
        Assert.Equal(
            ("done", 5, "dead-letters"),
            (operation.GetProperty("state").GetString(), operation.GetProperty("applied").GetInt64(), operation.GetProperty("of").GetString()));

        Assert.All(await stack.EffectsOfAsync(Dead), effect => Assert.Equal(1, effect.Value));
        Assert.Equal(0, (await commands.JsonAsync("status")).GetProperty("deadLetterCount").GetInt64());
        var operations = (await commands.JsonAsync("operations")).GetProperty("operations").EnumerateArray();
        Assert.Equal(["done", "stopped"], operations.Select(each => each.GetProperty("state").GetString()));
        await stop.CancelAsync();
        await pulling;
    }

    [Fact]
    public async Task Where_nothing_names_the_dead_letters_the_command_line_says_what_to_set()
    {
        await using var stack = await StartAsync();
        var lines = (await File.ReadAllLinesAsync(stack.EnvironmentFile, Ct)).Where(line => !line.Contains("DEAD_LETTER", StringComparison.Ordinal));
        var file = $"{stack.EnvironmentFile}-without";
        await File.WriteAllLinesAsync(file, lines, Ct);
        var run = await new CommandLine("--env-file", file).RunAsync("dead-letters");
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("Which dead letters?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("DEAD_LETTER_QUEUE_URL", run.Errors, StringComparison.Ordinal);
    }
}
