using System.Net;
using System.Text.Json;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Connections;

/// <summary>
/// What leads from the stream and from the queue to a stack's functions, to be switched off while a part is paused: nothing is received
/// that nobody handles. See https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
/// </summary>
/// <param name="lambda">Lambda.</param>
/// <param name="stack">The stack's name.</param>
internal sealed class EventSources(LambdaApi lambda, string stack)
{
    private const string Path = "/2015-03-31/event-source-mappings/";

    // Lambda says that it takes up to a minute.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Switches what feeds a part off or on, and waits until it is.</summary>
    /// <param name="part">The part.</param>
    /// <param name="isOn">Whether it is to be on.</param>
    /// <param name="cancellationToken">Ends the wait; it may be switched later all the same.</param>
    /// <exception cref="CliException">Lambda cannot be reached, or refuses, or takes too long.</exception>
    internal async Task SwitchAsync(PausablePart part, bool isOn, CancellationToken cancellationToken)
    {
        var function = $"{stack}-{(part == PausablePart.Relay ? "StreamRelay" : "Consume")}";
        var end = TimeProvider.System.GetUtcNow() + Patience;
        foreach (var (id, found) in await ListAsync(function, cancellationToken))
        {
            for (var state = found; state != (isOn ? "Enabled" : "Disabled");)
            {
                if (TimeProvider.System.GetUtcNow() > end)
                {
                    throw new CliException(
                        ExitCodes.OutOfReach,
                        $"The event source of {function} is still {Name(state)} after {Patience.TotalMinutes:0} minutes. Type the command again.");
                }

                // One that is on its way cannot be changed.
                state = state is "Enabled" or "Disabled" ? await ChangeAsync(function, id, isOn, cancellationToken) : state;
                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
                state = StateOf(await AskAsync(function, HttpMethod.Get, Path + id, null, cancellationToken));
            }
        }
    }

    private async Task<IReadOnlyList<(Guid Id, string State)>> ListAsync(string function, CancellationToken cancellationToken)
    {
        // Not every stack has both functions.
        var answer = await AskAsync(function, HttpMethod.Get, $"{Path}?FunctionName={function}", null, cancellationToken, mayBeMissing: true);
        return answer is not { } found
            ? []
            :
            [
                .. found.GetProperty("EventSourceMappings").EnumerateArray()
                    .Select(mapping => (mapping.GetProperty("UUID").GetGuid(), StateOf(mapping))),
            ];
    }

    private async Task<string> ChangeAsync(string function, Guid id, bool isOn, CancellationToken cancellationToken) => StateOf(
        await AskAsync(
            function, HttpMethod.Put, Path + id, isOn ? """{"Enabled":true}"""u8.ToArray() : """{"Enabled":false}"""u8.ToArray(), cancellationToken));

    private async Task<JsonElement?> AskAsync(
        string function, HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken, bool mayBeMissing = false)
    {
        using var response = await lambda.SendAsync(method, path, body, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            try
            {
                using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
                return document.RootElement.Clone();
            }
            catch (JsonException exception)
            {
                throw new CliException(ExitCodes.OutOfReach, $"Lambda's answer about the event source of {function} cannot be read.", exception);
            }
        }

        return mayBeMissing && response.StatusCode == HttpStatusCode.NotFound
            ? null
            : throw new CliException(ExitCodes.OutOfReach, LambdaApi.Explain(response) ?? Explain(function, LambdaApi.CodeOf(response)));
    }

    private static string Explain(string function, string code) => code switch
    {
        "AccessDeniedException" =>
            $"You may not switch the event source of {function}. Ask for lambda:ListEventSourceMappings, and for lambda:GetEventSourceMapping and "
            + "lambda:UpdateEventSourceMapping on it; see docs/cli.md, Pause and resume.",
        "ResourceInUseException" => $"The event source of {function} is being changed by somebody else. Type the command again in a minute.",
        _ => $"Lambda refuses to switch the event source of {function} ({code}). Try again.",
    };

    private static string StateOf(JsonElement? mapping) =>
        mapping is { } found && found.TryGetProperty("State", out var state) ? state.GetString() ?? "" : "";

    private static string Name(string state) => state.Length is > 0 and < 32 && state.All(char.IsAsciiLetter) ? state : "in another state";
}
