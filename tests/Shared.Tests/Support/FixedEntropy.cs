using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Randomness that a test knows: always the same jitter, and new ids as ever.</summary>
public sealed class FixedEntropy(double jitter = 0) : IEntropy
{
    public Guid NewGuid() => Guid.NewGuid();

    public double NextDouble() => jitter;
}
