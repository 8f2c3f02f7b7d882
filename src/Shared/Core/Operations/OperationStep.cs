namespace Relaybox.Operations;

/// <summary>What came of a step.</summary>
/// <param name="Applied">The ids of what was changed.</param>
/// <param name="LeftBecause">Why the others were left alone, as far as that is known, each reason once for each of them.</param>
internal sealed record OperationStep(IReadOnlyCollection<string> Applied, IReadOnlyList<string> LeftBecause);
