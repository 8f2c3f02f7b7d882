namespace Relaybox.Operations;

/// <summary>A request that cannot be carried out as it is. The message says what is wrong with it, and what to write instead.</summary>
/// <param name="message">What is wrong.</param>
internal sealed class RequestException(string message) : Exception(message);
