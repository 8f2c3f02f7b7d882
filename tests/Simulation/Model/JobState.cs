namespace Relaybox.Simulation.Model;

/// <summary>Who holds a job, until when, and where it stopped.</summary>
internal sealed record JobState(string Token, string? Cursor, DateTimeOffset Until);
