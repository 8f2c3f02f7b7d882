using System.Text.Json;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator puts parked rows of a running stack right, with the command line alone. DynamoDB Local and the SQS emulator stand for AWS.
/// </summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task Parked_rows_are_found_explained_sent_again_shelved_and_purged()
    {
        await using var stack = await StartAsync();
        var commands = new CommandLine("--env-file", stack.EnvironmentFile);
        foreach (var id in new[] { "good-1", "good-2", "good-3" })
        {
            await stack.ParkAsync(id, DateTimeOffset.UtcNow.AddMinutes(-10));
        }

        await stack.WriteAsync("bad", ("payload", N(7)));
        await stack.RowWithStatusAsync("bad", "failed");
        Assert.Equal(4, (await commands.JsonAsync("status")).GetProperty("counts").GetProperty("failed").GetInt64());
        var listed = await commands.RunAsync("list", "error:publish.*");
        Assert.Contains("good-1", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("bad", listed.Output, StringComparison.Ordinal);
        Assert.Contains("publish.rejected (3 rows): relaybox why good-", listed.Output, StringComparison.Ordinal);
        Assert.Contains(
            "after 10 failed attempts: publish.rejected: The queue refused it.", (await commands.RunAsync("why", "good-1")).Output,
            StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Undefined, Payload(await commands.JsonAsync("show", "good-1")).ValueKind);
        Assert.Equal("""{"orderId":"good-1"}""", Payload(await commands.JsonAsync("show", "good-1", "--payload")).GetString());

        // Nobody is there to say yes: nothing is done.
        var unconfirmed = await commands.RunAsync("redrive", "error:publish.*");
        Assert.Equal(2, unconfirmed.ExitCode);
        Assert.Contains("Nothing was done: nobody can be asked here. Add --yes and --reason", unconfirmed.Errors, StringComparison.Ordinal);
        Assert.Equal("", unconfirmed.Output);
        var unexplained = await commands.RunAsync("redrive", "error:publish.*", "--yes");
        Assert.Contains("Add --reason", unexplained.Errors, StringComparison.Ordinal);
        var told = await commands.RunAsync("redrive", "error:publish.*", "--dry-run");
        Assert.Contains("Nothing was changed. To do it: relaybox redrive 'error:publish.*' --yes --reason", told.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await commands.JsonAsync("redrive", "error:publish.*", "--dry-run")).GetProperty("count").GetInt64());

        using var stop = new CancellationTokenSource();
        var sweeping = stack.SweepAsync(stop.Token);
        var redriven = await commands.JsonAsync("redrive", "error:publish.*", "--yes", "--reason", "the queue takes them now");
        var operation = redriven.GetProperty("operation");
        Assert.Equal(("done", 3), (operation.GetProperty("state").GetString(), operation.GetProperty("applied").GetInt64()));
        Assert.All(await stack.EffectsOfAsync(["good-1", "good-2", "good-3"]), effect => Assert.Equal(1, effect.Value));

        // What fails again stops the operation by itself, and says so.
        var again = await commands.RunAsync("redrive", "id:bad", "--yes", "--reason", "to see it fail");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("stopped", again.Output, StringComparison.Ordinal);
        Assert.Contains("failed again, the first with row.payload-invalid.", again.Output, StringComparison.Ordinal);
        await stop.CancelAsync();
        await sweeping;

        Assert.Equal(0, (await commands.RunAsync("shelve", "state:failed", "--yes", "--reason", "later")).ExitCode);
        Assert.Equal(1, (await commands.RunAsync("list")).ExitCode);
        Assert.Equal(0, (await commands.RunAsync("purge", "shelved:yes", "--yes", "--reason", "a test's row")).ExitCode);
        Assert.Empty(await stack.RowAsync("bad"));
        var operations = (await commands.JsonAsync("operations")).GetProperty("operations").EnumerateArray().ToList();
        Assert.Equal(
            ["purge", "shelve", "redrive", "redrive"], operations.Select(each => each.GetProperty("action").GetString()));

        static JsonElement Payload(JsonElement answer) =>
            answer.GetProperty("row").TryGetProperty("payload", out var payload) ? payload : default;
    }

    [Fact]
    public async Task Without_a_store_the_command_line_says_what_to_set()
    {
        var run = await new CommandLine("--env-file", "absent").RunAsync("status");
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("relaybox: --env-file: there is no such file.", run.Errors, StringComparison.Ordinal);
    }
}
