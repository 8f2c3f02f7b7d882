using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Lambda;

namespace Relaybox.Local.Tests;

/// <summary>A function that answers as the test says: an object is the response, null stands for an error.</summary>
internal sealed class ScriptedFunction(Func<JsonObject, Task<string?>> answer) : IFunctionInvoker
{
    public ScriptedFunction(Func<JsonObject, string?> answer)
        : this(input => Task.FromResult(answer(input)))
    {
    }

    public string FunctionArn => "arn:aws:lambda:eu-central-2:000000000000:function:scripted";

    /// <summary>The events in the order in which they came.</summary>
    public ConcurrentQueue<JsonObject> Events { get; } = [];

    public static string Failures(params string?[] identifiers) => new JsonObject
    {
        ["batchItemFailures"] = new JsonArray([.. identifiers.Select(identifier => (JsonNode)new JsonObject { ["itemIdentifier"] = identifier })]),
    }.ToJsonString();

    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var input = JsonNode.Parse(payload.Span)!.AsObject();
        Events.Enqueue(input);
        var text = await answer(input);
        return text is null
            ? InvocationResult.Failure("request", "Scripted", "told to")
            : new InvocationResult("request", null, Encoding.UTF8.GetBytes(text));
    }
}
