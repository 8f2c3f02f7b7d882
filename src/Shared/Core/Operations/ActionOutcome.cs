namespace Relaybox.Operations;

/// <summary>What a store has done with rows.</summary>
/// <param name="Applied">The ids of the rows that the call has changed.</param>
/// <param name="Unclear">
/// The ids of rows that an earlier try may have changed: its answer was lost, and the next try found nothing left to change. Empty where the
/// store's client repeats calls by itself, and does not tell.
/// </param>
internal sealed record ActionOutcome(IReadOnlyCollection<string> Applied, IReadOnlyCollection<string> Unclear);
