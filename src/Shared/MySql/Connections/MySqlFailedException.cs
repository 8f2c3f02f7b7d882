using Relaybox.Diagnostics;

namespace Relaybox.MySql;

/// <summary>
/// The database could not do what it was asked for. The text names it by host, port and name, and says what is wrong and what
/// to do; it holds no password, and nothing that a statement or a row held.
/// </summary>
/// <param name="message">Which database, what is wrong, and what to do.</param>
/// <param name="innerException">The driver's error; its text can quote what a statement held, and is not for logs.</param>
internal sealed class MySqlFailedException(string message, Exception innerException) : Exception(message, innerException), ISafeToLog;
