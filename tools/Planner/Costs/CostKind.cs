namespace Relaybox.Planner.Costs;

/// <summary>Where a figure comes from.</summary>
internal enum CostKind
{
    /// <summary>A benchmark of this repository; its command is the source.</summary>
    Measured,

    /// <summary>A price that a provider publishes.</summary>
    Price,

    /// <summary>A limit or quota that a provider publishes.</summary>
    Limit,

    /// <summary>A setting of the stack, as it comes.</summary>
    Setting,

    /// <summary>Nobody measured it; the source says why it is about right.</summary>
    Assumed,
}
