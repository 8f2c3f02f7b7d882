using Relaybox.Diagnostics;

namespace Relaybox.Redis;

/// <summary>
/// The server could not do what it was asked for. The text names it by host, and says what is wrong and what to do; it holds no
/// password, and nothing that a command or a key held.
/// </summary>
/// <param name="message">Which server, what is wrong, and what to do.</param>
/// <param name="innerException">The client's error; its text can quote what a command held, and is not for logs.</param>
internal sealed class RedisFailedException(string message, Exception innerException) : Exception(message, innerException), ISafeToLog;
