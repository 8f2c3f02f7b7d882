using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>A stream or a consumer is not as it has to be. The text says what is wrong, and what to do about it.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="inner">The server's error, where there is one.</param>
internal sealed class NatsSetupException(string message, Exception? inner = null) : InvalidOperationException(message, inner), ISafeToLog;
