namespace Relaybox.Diagnostics;

/// <summary>
/// The store could not do what it was asked for. The text names its server, and says what is wrong and what to do; it holds no password,
/// and nothing that a command, a statement or a row held.
/// </summary>
/// <param name="message">Which store, what is wrong, and what to do.</param>
/// <param name="innerException">The driver's error; its text can quote what was executed, and is not for logs.</param>
internal sealed class StoreFailedException(string message, Exception innerException) : Exception(message, innerException), ISafeToLog;
