namespace Relaybox.Local.Chaos;

/// <summary>Something that chaos can do to a stack that works.</summary>
/// <param name="Name">What it is counted as.</param>
/// <param name="CauseAsync">Does it; chooses by the random numbers that it gets. Null where nobody was there to suffer it.</param>
internal sealed record Fault(string Name, Func<Random, CancellationToken, Task<Harm?>> CauseAsync);
