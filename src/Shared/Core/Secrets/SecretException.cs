using Relaybox.Diagnostics;

namespace Relaybox.Secrets;

/// <summary>A secret cannot be read, or is not what it should be.</summary>
/// <param name="message">Why, and what to do; never the secret itself.</param>
/// <param name="innerException">What failed below.</param>
internal sealed class SecretException(string message, Exception? innerException = null) : Exception(message, innerException), ISafeToLog;
