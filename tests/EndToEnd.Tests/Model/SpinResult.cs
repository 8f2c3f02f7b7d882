namespace Relaybox.EndToEnd.Tests.Model;

/// <summary>What spin found.</summary>
/// <param name="Complete">Whether it has seen every state.</param>
/// <param name="Violation">What did not hold; null where all did.</param>
/// <param name="States">How many states it has seen.</param>
/// <param name="Depth">The most steps that one run of the model took.</param>
/// <param name="Megabytes">The memory that it took.</param>
/// <param name="Time">How long it took, without compiling.</param>
/// <param name="Unreached">Statements that no run ever came to.</param>
internal sealed record SpinResult(
    bool Complete, string? Violation, long States, int Depth, double Megabytes, TimeSpan Time, IReadOnlyList<string> Unreached);
