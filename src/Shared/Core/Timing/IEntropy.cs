namespace Relaybox.Timing;

/// <summary>Where ids and randomness come from, so that a simulation can own them.</summary>
internal interface IEntropy
{
    /// <summary>A new UUID, version 7: unique, and roughly ordered by time.</summary>
    Guid NewGuid();

    /// <summary>A number from 0 (included) to 1 (excluded), for jitter.</summary>
    double NextDouble();
}
