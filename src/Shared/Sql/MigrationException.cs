using Relaybox.Diagnostics;

namespace Relaybox.Sql;

/// <summary>The schema could not be brought up to date. The message says what is wrong and what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="innerException">The database's error, where there is one.</param>
public sealed class MigrationException(string message, Exception? innerException = null)
    : InvalidOperationException(message, innerException), ISafeToLog;
