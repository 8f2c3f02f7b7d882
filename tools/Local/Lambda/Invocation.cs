using Relaybox.Timing;

namespace Relaybox.Local.Lambda;

/// <summary>One event on its way through a function.</summary>
internal sealed class Invocation(string requestId, string traceId, ReadOnlyMemory<byte> payload)
{
    private readonly TaskCompletionSource<InvocationResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string RequestId => requestId;

    /// <summary>In X-Ray's form.</summary>
    public string TraceId => traceId;

    public ReadOnlyMemory<byte> Payload => payload;

    /// <summary>The alias or version by which the function is invoked; null: its name alone.</summary>
    public string? Qualifier { get; init; }

    public DateTimeOffset Deadline { get; private set; }

    public Task<InvocationResult> Result => _result.Task;

    /// <summary>Random ids as the service gives them: a UUID for the request, and a trace that begins with the time.</summary>
    public static Invocation Create(ReadOnlyMemory<byte> payload, DateTimeOffset now, string? qualifier = null)
    {
        var trace = Guid.NewGuid().ToString("N");
        return new Invocation(
            Guid.NewGuid().ToString(),
            $"Root=1-{now.ToUnixTimeSeconds():x8}-{trace[..24]};Parent={Guid.NewGuid().ToString("N")[..16]};Sampled=0",
            payload)
        {
            Qualifier = qualifier,
        };
    }

    public void Begin(DateTimeOffset deadline) => Deadline = deadline;

    /// <summary>The first end counts; false for any later one.</summary>
    public bool End(InvocationResult outcome) => _result.TrySetResult(outcome);

    public bool Fail(string errorType, string message) => End(InvocationResult.Failure(RequestId, errorType, message));
}
