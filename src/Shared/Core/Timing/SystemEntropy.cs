namespace Relaybox.Timing;

/// <summary>The machine's own ids and randomness.</summary>
internal sealed class SystemEntropy : IEntropy
{
    /// <summary>The one instance; it has no state of its own and is safe for all threads.</summary>
    public static SystemEntropy Instance { get; } = new();

    private SystemEntropy()
    {
    }

#pragma warning disable RS0030 // This is the place that the ban points to.
    /// <inheritdoc />
    public Guid NewGuid() => Guid.CreateVersion7();

    /// <inheritdoc />
    public double NextDouble() => Random.Shared.NextDouble();
#pragma warning restore RS0030
}
