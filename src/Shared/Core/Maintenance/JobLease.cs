namespace Relaybox.Maintenance;

/// <summary>The right to run a job.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Token">The fencing token.</param>
/// <param name="Cursor">Where the job stopped; null: at the beginning.</param>
internal sealed record JobLease(string Job, string Token, string? Cursor);
