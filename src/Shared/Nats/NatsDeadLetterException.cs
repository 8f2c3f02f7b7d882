using NATS.Client.Core;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>A message could not be copied to the dead letters. The text says why, in our words or the server's.</summary>
/// <param name="message">Why.</param>
internal sealed class NatsDeadLetterException(string message) : NatsException(message), ISafeToLog;
