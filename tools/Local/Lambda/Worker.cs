using Relaybox.Local.Processes;

namespace Relaybox.Local.Lambda;

/// <summary>One process of a function: one execution environment, which handles one invocation at a time.</summary>
internal sealed class Worker(string id) : IDisposable
{
    private readonly CancellationTokenSource _lifetime = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Part of this worker's own Runtime API address, so that the calls of a dead process go nowhere.</summary>
    public string Id => id;

    public ChildProcess? Process { get; set; }

    /// <summary>Completes when the process asks for its first event, which ends its initialisation.</summary>
    public Task Ready => _ready.Task;

    public bool IsReady => _ready.Task.IsCompleted;

    /// <summary>What it works on; null while idle.</summary>
    public Invocation? Current { get; set; }

    /// <summary>True while it waits for an event.</summary>
    public bool IsIdle { get; set; }

    /// <summary>How many invocations it has answered.</summary>
    public int Answered { get; set; }

    /// <summary>What the process reported when its initialisation failed.</summary>
    public (string Type, string Message)? InitError { get; set; }

    /// <summary>Ends with the process.</summary>
    public CancellationToken Lifetime => _lifetime.Token;

    public void MarkReady() => _ready.TrySetResult();

    public void End() => _lifetime.Cancel();

    public void Dispose() => _lifetime.Dispose();
}
