using Microsoft.Extensions.Logging;

namespace Relaybox.Postgres;

/// <summary>Every log message of the store PostgreSQL, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(1401, LogLevel.Information, "Migration {Migration} was applied to the schema {Schema}")]
    internal static partial void MigrationApplied(ILogger logger, string migration, string schema);

    [LoggerMessage(1402, LogLevel.Warning, "The connection that listens for new rows was lost ({ErrorType}); the relay opens another one")]
    internal static partial void SignalLost(ILogger logger, string errorType);

    [LoggerMessage(1403, LogLevel.Information, "The relay listens for new rows again")]
    internal static partial void SignalRestored(ILogger logger);

    [LoggerMessage(1405, LogLevel.Warning, "The sequence {Sequence} was behind the rows of its table; the next row gets the number {Next}")]
    internal static partial void SequenceRepaired(ILogger logger, string sequence, long next);

    [LoggerMessage(1404, LogLevel.Information, "Another process migrates the schema {Schema}; waited {Seconds} s for it so far")]
    internal static partial void MigrationWaits(ILogger logger, string schema, double seconds);
}
