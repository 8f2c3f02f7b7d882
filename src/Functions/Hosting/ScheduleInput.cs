namespace Relaybox.Functions.Hosting;

/// <summary>What a schedule passes: its Input in template.yaml.</summary>
/// <param name="Job">The job's name, for the log.</param>
internal sealed record ScheduleInput(string? Job);
