namespace Relaybox.Maintenance;

/// <summary>A job as its store has it.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Cursor">Where it stopped; null: at the beginning.</param>
internal sealed record JobRecord(string Job, string? Cursor);
