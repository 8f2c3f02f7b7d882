using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Events;
using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>
/// An operator who acts while everything goes wrong: publishes again what was just sent, has it handled again, redrives what is parked, and
/// purges what cannot be sent. What is published or sent again may have no effect of its own; what is handled again has one more for its replay.
/// </summary>
internal sealed class ChaosOperator(LocalRunner runner)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private const string Reprocess = "reprocess";
    private const string Purge = "purge";

    private static readonly (string Of, string Action, string Selection)[] Actions =
    [
        ("sent-rows", "republish", "newer:20s"), ("rows", "redrive", "state:failed"), ("sent-rows", Reprocess, "newer:3s"),
        ("rows", Purge, $"error:{ErrorCodes.SubjectInvalid}"),
    ];

    /// <summary>Acts until cancelled, and goes on with what has failed on the way, as the function's schedule does.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var turn = 0; !cancellationToken.IsCancellationRequested; turn++)
        {
            await AskAsync(null, new() { ["command"] = "continue" });
            var (of, action, selection) = Actions[turn % Actions.Length];
            await ActAsync(of, action, selection);
            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Publishes everything again that was sent. With no fault under way this works, however many of the operator's calls the faults have ended.
    /// </summary>
    /// <returns>Whether it has begun; false: ask again.</returns>
    public Task<bool> SendAllAgainAsync() => ActAsync("sent-rows", "republish", "newer:24h");

    /// <summary>Goes on with what has begun, and says how it stands; null: the function had no answer.</summary>
    public async Task<ChaosOperations?> CountAsync()
    {
        await AskAsync(null, new() { ["command"] = "continue" });
        if (await AskAsync("read", new() { ["command"] = "operations" }) is not { } answer)
        {
            return null;
        }

        var all = Of(answer).ToList();
        return new ChaosOperations
        {
            Count = all.Count,
            HaveEnded = all.TrueForAll(operation => (string?)operation["state"] != "running"),
            SentAgain = all.Where(operation => (string?)operation["action"] is not (Reprocess or Purge)).Sum(Applied),
            Purged = all.Where(operation => (string?)operation["action"] == Purge).Sum(Applied),
            Replays = all.Where(operation => (string?)operation["action"] == Reprocess)
                .ToDictionary(operation => (string)operation["id"]!, Applied, StringComparer.Ordinal),
        };
    }

    /// <summary>The events that the consumer gave up, each with its reason: none of the faults may be one.</summary>
    public async Task<IReadOnlyList<string>> ReadDeadLettersAsync()
    {
        var answer = await AskAsync("read", new() { ["command"] = "list", ["of"] = "dead-letters" });
        return
        [
            .. (answer?["deadLetters"]?.AsArray() ?? []).OfType<JsonNode>()
                .Select(letter => $"{(string?)letter["eventId"]} ({(string?)letter["errorCode"]})"),
        ];
    }

    private async Task<bool> ActAsync(string of, string action, string selection)
    {
        var preview = await AskAsync("read", new() { ["command"] = "preview", ["of"] = of, ["selection"] = selection });
        if ((long?)preview?["count"] is not > 0)
        {
            return false;
        }

        var begun = await AskAsync("act", new()
        {
            ["command"] = "begin", ["of"] = of, ["action"] = action, ["selection"] = selection, ["reason"] = "chaos",
            ["confirmedAt"] = (string?)preview["at"],
        });
        if ((string?)begun?["operation"]?["id"] is not { } id)
        {
            return false;
        }

        await AskAsync("act", new() { ["command"] = "run", ["of"] = of, ["operationId"] = id });
        return true;
    }

    private static long Applied(JsonNode operation) => (long?)operation["applied"] ?? 0;

    private static IEnumerable<JsonNode> Of(JsonNode answer) => (answer["operations"]?.AsArray() ?? []).OfType<JsonNode>();

    // Null: the function had no answer, or refused.
    private async Task<JsonNode?> AskAsync(string? alias, JsonObject request)
    {
        var result = await runner.Functions["Operate"].InvokeAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), alias, CancellationToken.None);
        return result.Succeeded && JsonNode.Parse(result.Text) is { } answer && answer["problem"] is null ? answer : null;
    }
}
