using Microsoft.Extensions.Logging;

namespace Relaybox.MySql;

/// <summary>Every log message of the MySQL store, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(1701, LogLevel.Information, "The statement {Statement} was applied to the schema {Schema}")]
    internal static partial void StatementApplied(ILogger logger, string statement, string schema);

    [LoggerMessage(1702, LogLevel.Information, "Another process migrates the schema {Schema}; waited {Seconds} s for it so far")]
    internal static partial void MigrationWaits(ILogger logger, string schema, double seconds);

    [LoggerMessage(1703, LogLevel.Warning, "{Buckets} numbers of ordering keys were behind the rows of the outbox and are set above them")]
    internal static partial void NumbersRepaired(ILogger logger, int buckets);

    [LoggerMessage(1704, LogLevel.Warning, "The relay could not ask the server for new rows ({ErrorType}); it goes on trying")]
    internal static partial void SignalLost(ILogger logger, string errorType);

    [LoggerMessage(1705, LogLevel.Information, "The relay asks the server for new rows again")]
    internal static partial void SignalRestored(ILogger logger);
}
