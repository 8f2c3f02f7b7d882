using Relaybox.Diagnostics;

namespace Relaybox.Redis;

/// <summary>
/// What was written is there, all of it, but was not confirmed as the <see cref="RedisDurability"/> asks for: a failover could lose it. The
/// same call with the same event may be made again: it writes nothing twice, and waits anew.
/// </summary>
public sealed class DurabilityUnknownException : Exception, ISafeToLog
{
    internal DurabilityUnknownException(string missing, Exception? innerException)
        : base($"It is written, and its durability is unknown: {missing}. Make the same call again with the same event to find out.", innerException)
    {
    }
}
