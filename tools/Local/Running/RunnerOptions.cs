using Relaybox.Local.Lambda;
using Relaybox.Local.Permissions;

namespace Relaybox.Local.Running;

/// <summary>What a run is made of.</summary>
internal sealed record RunnerOptions
{
    public const int DefaultPortBase = 18000;

    public required string TemplatePath { get; init; }

    public required string StateDirectory { get; init; }

    public required string FunctionsDirectory { get; init; }

    /// <summary>The first port; see <see cref="LocalPorts"/> for what takes the next. 0 picks free ports. Default 18000.</summary>
    public int PortBase { get; init; } = DefaultPortBase;

    /// <summary>Overrides of the template's parameters.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of every function, in place of the template's or beside them.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Plain values in place of the template's, each by its resource and the path in its properties:
    /// <c>Queue.RedrivePolicy.maxReceiveCount</c>. A path that the template does not have is an error.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Seconds that replace the visibility timeout of queues that feed a function; null keeps the template's.
    /// </summary>
    public int? VisibilitySeconds { get; init; }

    /// <summary>Percent of the deliveries that sources make twice. Default 0.</summary>
    public double DuplicatePercent { get; init; }

    /// <summary>Secrets by their ARNs, beside those that the runner makes.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>Refuse the functions' calls that their roles in the template do not allow. Default false.</summary>
    public bool EnforceRoles { get; init; }

    /// <summary>With <see cref="EnforceRoles"/>: sees each call, with the function's name, before the service does; a status ends it there.</summary>
    public Func<string, ApiCall, Task<int?>>? BeforeCall { get; init; }

    /// <summary>Sees every line that a function prints, metrics among them.</summary>
    public Action<string, string>? OnFunctionLine { get; init; }

    /// <summary>Sees every event of a function, by its name, when a worker gets it.</summary>
    public Action<string, Invocation>? OnInvocation { get; init; }

    /// <summary>False leaves schedules alone; they can still be invoked. Default true.</summary>
    public bool RunSchedules { get; init; } = true;
}
