namespace Relaybox.Paging;

/// <summary>One bounded step of a maintenance job.</summary>
/// <param name="Affected">How many rows or records it changed or deleted.</param>
/// <param name="Cursor">Where the next step goes on; null when the end is reached.</param>
internal sealed record MaintenancePage(int Affected, string? Cursor);
