using Relaybox.Local.Processes;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Lambda;

/// <summary>How a function's workers are run.</summary>
internal sealed record FunctionHostOptions
{
    /// <summary>Starts a process for the worker of that id.</summary>
    public required Func<FunctionDefinition, string, ChildProcess> StartWorker { get; init; }

    /// <summary>One, unless events come faster than one worker can take them.</summary>
    public int MaximumWorkers { get; init; } = 1;

    /// <summary>Sees each event when a worker gets it; its result is a task.</summary>
    public Action<Invocation>? OnInvocation { get; init; }

    /// <summary>Lambda gives ten seconds; a machine that builds at the same time needs more. Default 60 seconds.</summary>
    public TimeSpan InitTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
