using Relaybox.Diagnostics;

namespace Relaybox.Operations;

/// <summary>The broker did not answer for long. The text says why, without payload or secret.</summary>
/// <param name="message">What happened, and what becomes of the operation.</param>
internal sealed class ReplayFailedException(string message) : Exception(message), ISafeToLog;
