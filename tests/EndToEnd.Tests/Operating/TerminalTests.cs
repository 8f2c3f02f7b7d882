using System.Text.Json.Nodes;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>What a person at a terminal sees of an action, and types. A scripted server stands for Lambda.</summary>
public sealed class TerminalTests
{
    private readonly List<string> _commands = [];
    private volatile bool _isDone;

    [Fact]
    public async Task An_action_is_asked_for_with_its_reason_and_a_bar_shows_how_far_it_is()
    {
        await using var lambda = new ScriptedServer(Answer);
        await using var terminal = await Terminal.StartAsync(
            ScriptedStack.Environment(lambda.Url), ScriptedStack.Command("redrive", "error:publish.*"));

        var asked = await terminal.UntilAsync("Type redrive to do it:");
        Assert.Contains("redrive: 40 rows, parked between 2026-01-02 03:04:05Z", asked, StringComparison.Ordinal);
        Assert.Contains("40  publish.rejected", asked, StringComparison.Ordinal);
        Assert.Equal(["preview"], _commands);
        await terminal.TypeAsync("redrive");
        await terminal.UntilAsync("Why (for the audit):");
        await terminal.TypeAsync("the queue takes them now");

        await terminal.UntilAsync("50% 20 done");
        _isDone = true;
        var ended = await terminal.UntilAsync("[ended with 0]");
        Assert.Contains("━━ 100% 40 done", ended, StringComparison.Ordinal);
        Assert.Contains("Operation op-1: done. 40 rows set to be sent again, 0 left alone.", ended, StringComparison.Ordinal);
        var begin = Assert.Single(lambda.Requests, request => CommandOf(request.Text) == "begin");
        Assert.Contains("the queue takes them now", begin.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_word_than_the_actions_name_does_nothing()
    {
        await using var lambda = new ScriptedServer(Answer);
        await using var terminal = await Terminal.StartAsync(
            ScriptedStack.Environment(lambda.Url), ScriptedStack.Command("purge", "error:publish.*"));

        await terminal.UntilAsync("Type purge to do it:");
        await terminal.TypeAsync("yes");

        Assert.Contains("Nothing was done.", await terminal.UntilAsync("[ended with 1]"), StringComparison.Ordinal);
        Assert.Equal(["preview"], _commands);
    }

    [Fact]
    public async Task Rows_are_printed_once_as_they_are_parked_also_after_the_stack_was_out_of_reach_until_the_person_ends_it()
    {
        var isAway = false;
        var rows = ParkedAt("03:04:05");
        await using var lambda = new ScriptedServer(_ => Volatile.Read(ref isAway)
            ? HttpAnswer.Json(502, "{}", ("x-amzn-ErrorType", "ServiceException"))
            : HttpAnswer.Json(200, $$"""{"rows":[{{Volatile.Read(ref rows)}}],"seen":1}"""));
        await using var terminal = await Terminal.StartAsync(
            ScriptedStack.Environment(lambda.Url), ScriptedStack.Command("tail", "error:publish.*"));

        await terminal.UntilAsync("2026-01-02 03:04:05.000Z  e-1  orders.placed  publish.rejected");

        // A slow answer does not reach as far back as a fast one after it.
        await AnsweredAsync("");
        await AnsweredAsync(ParkedAt("03:04:05"));
        Volatile.Write(ref isAway, true);
        await terminal.UntilAsync("Asking again until it answers.");
        Volatile.Write(ref rows, $"{rows},{ParkedAt("03:05:05")}");
        Volatile.Write(ref isAway, false);
        await terminal.UntilAsync("2026-01-02 03:05:05.000Z  e-1");
        await terminal.InterruptAsync();

        var screen = await terminal.UntilAsync("[ended with 130]");
        Assert.Equal(2, screen.Split("e-1  orders.placed").Length - 1);
        Assert.All(
            lambda.Requests,
            request => Assert.Matches("^error:publish\\.\\* newer:[1-9][0-9]+s$", (string?)JsonNode.Parse(request.Text)!["selection"]));

        async Task AnsweredAsync(string answer)
        {
            Volatile.Write(ref rows, answer);
            var before = lambda.Requests.Count;
            await Eventually.TrueAsync(() => lambda.Requests.Count > before + 1, "the stack was asked again, and answered");
        }

        static string ParkedAt(string time) =>
            $$"""
            {"eventId":"e-1","subject":"orders.placed","status":"failed","errorCode":"publish.rejected","failedAt":"2026-01-02T{{time}}Z"}
            """;
    }

    private HttpAnswer Answer(HttpExchange request)
    {
        var command = CommandOf(request.Text);
        lock (_commands)
        {
            _commands.Add(command);
        }

        return HttpAnswer.Json(200, command == "preview"
            ? """
              {"count":40,"seen":41,"isWhole":true,"oldest":"2026-01-02T03:04:05Z","newest":"2026-01-02T03:05:05Z","at":"2026-01-02T04:00:00Z",
               "errors":{"publish.rejected":40},"rows":[{"eventId":"e-1","subject":"orders.placed","status":"failed"}]}
              """
            : $$"""
              {"operation":{"id":"op-1","action":"redrive","selection":"error:publish.*","reason":"r","caller":"me",
               "confirmedAt":"2026-01-02T04:00:00Z","state":"{{(_isDone ? "done" : "running")}}","applied":{{(_isDone ? 40 : 20)}} } }
              """);
    }

    private static string CommandOf(string text) => (string)JsonNode.Parse(text)!["command"]!;
}
