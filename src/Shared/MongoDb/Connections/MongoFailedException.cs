using Relaybox.Diagnostics;

namespace Relaybox.MongoDb;

/// <summary>
/// The database could not do what it was asked for. The text names it by host and name, and says what is wrong and what to do; it
/// holds no password, and nothing that a command or a document held.
/// </summary>
/// <param name="message">Which database, what is wrong, and what to do.</param>
/// <param name="innerException">The driver's error; its text can quote what a command held, and is not for logs.</param>
internal sealed class MongoFailedException(string message, Exception innerException) : Exception(message, innerException), ISafeToLog;
