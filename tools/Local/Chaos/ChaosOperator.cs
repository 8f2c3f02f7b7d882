using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>
/// An operator who has what was just sent published again, and what is parked sent again, while everything goes wrong. None of it may have
/// an effect of its own.
/// </summary>
internal sealed class ChaosOperator(LocalRunner runner)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private static readonly (string Of, string Action, string Selection)[] Actions =
        [("sent-rows", "republish", "newer:20s"), ("rows", "redrive", "state:failed")];

    /// <summary>Acts until cancelled, and goes on with what has failed on the way, as the function's schedule does.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var turn = 0; !cancellationToken.IsCancellationRequested; turn++)
        {
            await AskAsync(null, new() { ["command"] = "continue" });
            var (of, action, selection) = Actions[turn % Actions.Length];
            var preview = await AskAsync("read", new() { ["command"] = "preview", ["of"] = of, ["selection"] = selection });
            if ((long?)preview?["count"] > 0)
            {
                var begun = await AskAsync("act", new()
                {
                    ["command"] = "begin", ["of"] = of, ["action"] = action, ["selection"] = selection, ["reason"] = "chaos",
                    ["confirmedAt"] = (string?)preview["at"],
                });
                if ((string?)begun?["operation"]?["id"] is { } id)
                {
                    await AskAsync("act", new() { ["command"] = "run", ["of"] = of, ["operationId"] = id });
                }
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>How many operations there were, and how many events or rows they have sent again.</summary>
    public async Task<(int Operations, long Sent)> CountAsync() =>
        await AskAsync("read", new() { ["command"] = "operations" }) is { } answer
            ? (Of(answer).Count(), Of(answer).Sum(operation => (long?)operation["applied"] ?? 0))
            : default;

    private static IEnumerable<JsonNode> Of(JsonNode answer) => (answer["operations"]?.AsArray() ?? []).OfType<JsonNode>();

    // Null: the function had no answer, or refused.
    private async Task<JsonNode?> AskAsync(string? alias, JsonObject request)
    {
        var result = await runner.Functions["Operate"].InvokeAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), alias, CancellationToken.None);
        return result.Succeeded && JsonNode.Parse(result.Text) is { } answer && answer["problem"] is null ? answer : null;
    }
}
