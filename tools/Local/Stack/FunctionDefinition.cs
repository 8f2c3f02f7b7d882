using Relaybox.Local.Permissions;

namespace Relaybox.Local.Stack;

/// <summary>A function of the template.</summary>
/// <param name="ShortName">What it is called in output and in processes.json: ANNOTATIONS_HANDLER, or else the logical id.</param>
/// <param name="ReservedConcurrency">Null when the template reserves none.</param>
/// <param name="AsyncRetries">How often an event that nobody waits for (a schedule's) is tried again.</param>
internal sealed record FunctionDefinition(
    string LogicalId,
    string ShortName,
    string Name,
    string Handler,
    int TimeoutSeconds,
    int MemorySize,
    int? ReservedConcurrency,
    int AsyncRetries,
    int AsyncMaximumAgeSeconds,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<EventSourceDefinition> Events)
{
    /// <summary>What its role allows; null where the template gives it none.</summary>
    public IReadOnlyList<Permission>? Grants { get; init; }

    /// <summary>The names of its aliases.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>True for any of the names that a person would use.</summary>
    public bool IsCalled(string name) =>
        name.Equals(ShortName, StringComparison.OrdinalIgnoreCase)
        || name.Equals(LogicalId, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Name, StringComparison.OrdinalIgnoreCase);
}
