using System.Text;

namespace Relaybox.Local.Lambda;

/// <summary>How an invocation ended.</summary>
/// <param name="ErrorType">Null when the function succeeded.</param>
/// <param name="Payload">The response, or the error document.</param>
internal sealed record InvocationResult(string RequestId, string? ErrorType, ReadOnlyMemory<byte> Payload)
{
    public bool Succeeded => ErrorType is null;

    public string Text => Encoding.UTF8.GetString(Payload.Span);

    public static InvocationResult Failure(string requestId, string errorType, string message) => new(
        requestId,
        errorType,
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { errorType, errorMessage = $"RequestId: {requestId} Error: {message}" }));
}
