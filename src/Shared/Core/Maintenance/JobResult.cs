namespace Relaybox.Maintenance;

/// <summary>What one run of a job did.</summary>
/// <param name="Affected">How many rows or records it changed or deleted.</param>
/// <param name="Complete">Whether it came to the end; otherwise the next run goes on where it stopped.</param>
/// <param name="Counts">How many rows of each status it saw, where it counts.</param>
internal sealed record JobResult(long Affected, bool Complete, IReadOnlyDictionary<string, long> Counts)
{
    internal static JobResult HeldElsewhere { get; } = new(0, false, new Dictionary<string, long>()) { IsHeldElsewhere = true };

    /// <summary>Whether another run has the job, or a part of it, and says how that ends.</summary>
    public bool IsHeldElsewhere { get; init; }
}
