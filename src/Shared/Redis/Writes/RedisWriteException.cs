namespace Relaybox.Redis;

/// <summary>A write cannot be executed. Nothing was written, neither the app's data nor an event.</summary>
/// <param name="message">Which, and why.</param>
public sealed class RedisWriteException(string message) : InvalidOperationException(message);
