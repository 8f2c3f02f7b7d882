namespace Relaybox.Paging;

/// <summary>One bounded step of the reconcile job.</summary>
/// <param name="Recovered">How many rows that no index knew were made due.</param>
/// <param name="Counts">How many rows of each status the step saw, by the status as it is stored.</param>
/// <param name="Cursor">Where the next step goes on; null when the end is reached.</param>
internal sealed record ReconcilePage(int Recovered, IReadOnlyDictionary<string, long> Counts, string? Cursor);
