using Relaybox.Diagnostics;

namespace Relaybox.Redis;

/// <summary>The server is not one that the store can be kept on: it is too old, or forgets keys when its memory is full.</summary>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class RedisServerRefusedException(string message) : Exception(message), ISafeToLog;
