using Relaybox.Diagnostics;

namespace Relaybox.Operations;

/// <summary>The broker did not do what operators need of its dead letters. The text says why, without payload or secret.</summary>
/// <param name="message">What happened, where, and what to do.</param>
/// <param name="inner">What the client said.</param>
internal sealed class DeadLettersFailedException(string message, Exception? inner = null) : Exception(message, inner), ISafeToLog;
