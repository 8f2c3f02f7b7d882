namespace Relaybox.Settings;

/// <summary>What becomes of an acknowledged write when the primary is lost.</summary>
internal enum FailoverDurability
{
    /// <summary>It is kept.</summary>
    Kept,

    /// <summary>It is kept if the server is configured so.</summary>
    AsConfigured,

    /// <summary>It may be lost.</summary>
    MayBeLost,
}
