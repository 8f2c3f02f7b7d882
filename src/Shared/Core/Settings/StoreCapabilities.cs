namespace Relaybox.Settings;

/// <summary>What a store can do beyond what every store does.</summary>
internal sealed record StoreCapabilities
{
    /// <summary>Whether rows can stay locked in an open transaction while they are published (<c>RELAY_MODE=locked</c>).</summary>
    internal bool LocksRows { get; init; }
}
