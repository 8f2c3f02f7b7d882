namespace Relaybox.Operations;

/// <summary>What a store has done with rows.</summary>
/// <param name="Applied">The ids of the rows that the call has changed.</param>
/// <param name="Unclear">
/// The ids of rows that the last try did not change, and that an earlier one may have changed whose answer was lost. A store that repeats no
/// try by itself, or cannot see it, names none.
/// </param>
internal sealed record ActionOutcome(IReadOnlyCollection<string> Applied, IReadOnlyCollection<string> Unclear);
