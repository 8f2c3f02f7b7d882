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
internal sealed class EventSources(AwsApi lambda, string stack)
{
    private const string Path = "/2015-03-31/event-source-mappings/";

    private static readonly byte[] On = """{"Enabled":true}"""u8.ToArray();
    private static readonly byte[] Off = """{"Enabled":false}"""u8.ToArray();

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
        var function = FunctionOf(part);
        var end = TimeProvider.System.GetUtcNow() + Patience;
        foreach (var (id, found) in await ListAsync(part, "switch", cancellationToken))
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
                if (state is "Enabled" or "Disabled")
                {
                    await AskAsync(function, HttpMethod.Put, Path + id, isOn ? On : Off, StateOf, "switch", cancellationToken);
                }

                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
                state = await AskAsync(function, HttpMethod.Get, Path + id, null, StateOf, "switch", cancellationToken)
                    ?? throw new CliException(
                        ExitCodes.OutOfReach,
                        $"The event source of {function} was deleted meanwhile. Deploy the stack again, and type the command again.");
            }
        }
    }

    /// <summary>Reads what feeds a part, and how it stands; none where the stack has no such function.</summary>
    /// <exception cref="CliException">Lambda cannot be reached, or refuses.</exception>
    internal Task<IReadOnlyList<(Guid Id, string State)>> ListAsync(PausablePart part, CancellationToken cancellationToken) =>
        ListAsync(part, "see", cancellationToken);

    /// <summary>Whether an event source in this state receives, or soon will.</summary>
    internal static bool IsOn(string state) => state is not ("Disabled" or "Disabling");

    /// <summary>The stack's name.</summary>
    internal string Stack => stack;

    /// <summary>The function that an event source feeds.</summary>
    internal string FunctionOf(PausablePart part) => $"{stack}-{(part == PausablePart.Relay ? "StreamRelay" : "Consume")}";

    private async Task<IReadOnlyList<(Guid Id, string State)>> ListAsync(PausablePart part, string purpose, CancellationToken cancellationToken)
    {
        var function = FunctionOf(part);
        return await AskAsync(function, HttpMethod.Get, $"{Path}?FunctionName={function}", null, ReadAll, purpose, cancellationToken) ?? [];
    }

    private Task<T?> AskAsync<T>(
        string function, HttpMethod method, string path, byte[]? body, Func<JsonElement, T> read, string purpose, CancellationToken cancellationToken)
        where T : class =>
        lambda.FindAsync(method, path, body, read, code => Explain(function, purpose, code), cancellationToken);

    private static IReadOnlyList<(Guid Id, string State)> ReadAll(JsonElement answer) =>
    [
        .. answer.GetProperty("EventSourceMappings").EnumerateArray().Select(mapping => (mapping.GetProperty("UUID").GetGuid(), StateOf(mapping))),
    ];

    private static string Explain(string function, string purpose, string code) => code switch
    {
        "AccessDeniedException" =>
            $"You may not {purpose} the event source of {function}. Ask for lambda:ListEventSourceMappings, and, to pause and resume, for "
            + "lambda:GetEventSourceMapping and lambda:UpdateEventSourceMapping on it; see docs/cli.md, Pause and resume.",
        "ResourceInUseException" => $"The event source of {function} is being changed by somebody else. Type the command again in a minute.",
        _ => $"Lambda refuses to {purpose} the event source of {function} ({code}). Try again.",
    };

    private static string StateOf(JsonElement mapping) =>
        mapping.TryGetProperty("State", out var state) ? state.GetString() ?? "" : "";

    private static string Name(string state) => state.Length is > 0 and < 32 && state.All(char.IsAsciiLetter) ? state : "in another state";
}
