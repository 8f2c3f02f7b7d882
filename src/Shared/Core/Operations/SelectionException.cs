namespace Relaybox.Operations;

/// <summary>A selection that cannot be read. The message says what is wrong with it and what can be written instead.</summary>
/// <param name="message">What is wrong.</param>
internal sealed class SelectionException(string message) : Exception(message);
