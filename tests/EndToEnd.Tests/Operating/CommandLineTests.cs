using System.Text.Json;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator puts parked rows of a running stack right, with the command line alone. DynamoDB Local and the SQS emulator stand for AWS.
/// </summary>
public sealed class CommandLineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parked_rows_are_found_explained_sent_again_shelved_and_purged()
    {
        await using var stack = await StartAsync();
        var parkedAt = DateTimeOffset.UtcNow.AddMinutes(-10).ToUnixTimeMilliseconds();
        foreach (var id in new[] { "good-1", "good-2", "good-3" })
        {
            await stack.WriteAsync(
                id,
                ("status", S("failed")), ("dueShard", S("failed")), ("dueAt", N(parkedAt)), ("failedAt", N(parkedAt)),
                ("attempts", N(10)), ("errorCode", S("publish.rejected")), ("errorMessage", S("The queue refused it.")));
        }

        await stack.WriteAsync("bad", ("payload", N(7)));
        await stack.RowWithStatusAsync("bad", "failed");
        Assert.Equal(4, (await JsonAsync(0, "status")).GetProperty("counts").GetProperty("failed").GetInt64());
        var listed = await RunAsync("list", "error:publish.*");
        Assert.Contains("good-1", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("bad", listed.Output, StringComparison.Ordinal);
        Assert.Contains("relaybox why good-", listed.Output, StringComparison.Ordinal);
        Assert.Contains(
            "after 10 failed attempts: publish.rejected: The queue refused it.", (await RunAsync("why", "good-1")).Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Undefined, Payload(await JsonAsync(0, "show", "good-1")).ValueKind);
        Assert.Equal("""{"orderId":"good-1"}""", Payload(await JsonAsync(0, "show", "good-1", "--payload")).GetString());

        // Nobody is there to say yes: nothing is done.
        var unconfirmed = await RunAsync("redrive", "error:publish.*");
        Assert.Equal(2, unconfirmed.ExitCode);
        Assert.Contains("Pass --yes and --reason, or --dry-run.", unconfirmed.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await JsonAsync(0, "redrive", "error:publish.*", "--dry-run")).GetProperty("count").GetInt64());

        using var stop = new CancellationTokenSource();
        var sweeping = SweepAsync(stack, stop.Token);
        var redriven = await JsonAsync(0, "redrive", "error:publish.*", "--yes", "--reason", "the queue takes them now");
        var operation = redriven.GetProperty("operation");
        Assert.Equal(("done", 3), (operation.GetProperty("state").GetString(), operation.GetProperty("applied").GetInt64()));
        Assert.All(await stack.EffectsOfAsync(["good-1", "good-2", "good-3"]), effect => Assert.Equal(1, effect.Value));

        // What fails again stops the operation by itself, and says so.
        var again = await RunAsync("redrive", "id:bad", "--yes", "--reason", "to see it fail");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("stopped", again.Output, StringComparison.Ordinal);
        Assert.Contains("failed again, the first with row.payload-invalid.", again.Output, StringComparison.Ordinal);
        await stop.CancelAsync();
        await sweeping;

        Assert.Equal(0, (await RunAsync("shelve", "state:failed", "--yes", "--reason", "later")).ExitCode);
        Assert.Equal(1, (await RunAsync("list")).ExitCode);
        Assert.Equal(0, (await RunAsync("purge", "shelved:yes", "--yes", "--reason", "a test's row")).ExitCode);
        Assert.Empty(await stack.RowAsync("bad"));
        var operations = (await JsonAsync(0, "operations")).GetProperty("operations").EnumerateArray().ToList();
        Assert.Equal(
            ["purge", "shelve", "redrive", "redrive"], operations.Select(each => each.GetProperty("action").GetString()));

        static JsonElement Payload(JsonElement answer) =>
            answer.GetProperty("row").TryGetProperty("payload", out var payload) ? payload : default;

        async Task<JsonElement> JsonAsync(int exitCode, params string[] arguments)
        {
            var run = await RunAsync([.. arguments, "--json"]);
            Assert.True(run.ExitCode == exitCode, $"{string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Errors}");
            return JsonDocument.Parse(run.Output).RootElement;
        }

        Task<ProgramRun> RunAsync(params string[] arguments) =>
            ProgramRun.OfAsync(
                ["dotnet", BuiltProgram.PathOf("Cli", "relaybox.dll"), .. arguments, "--env-file", stack.EnvironmentFile], Patience, Ct);
    }

    [Fact]
    public async Task Without_a_store_the_command_line_says_what_to_set()
    {
        var run = await ProgramRun.OfAsync(["dotnet", BuiltProgram.PathOf("Cli", "relaybox.dll"), "status", "--env-file", "absent"], Patience, Ct);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("relaybox: --env-file: there is no such file.", run.Errors, StringComparison.Ordinal);
    }

    private static async Task SweepAsync(RunningStack stack, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await stack.InvokeAsync("SweepRelay");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Ct);
        }
    }
}
