using Microsoft.Extensions.Logging;

namespace Relaybox.MongoDb;

/// <summary>Every log message of the store MongoDB, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1601,
        LogLevel.Warning,
        "The change stream that announces new rows was lost ({ErrorType}); the relay asks the collection until it has another one")]
    internal static partial void SignalLost(ILogger logger, string errorType);

    [LoggerMessage(1602, LogLevel.Information, "The relay hears of new rows by a change stream again")]
    internal static partial void SignalRestored(ILogger logger);

    [LoggerMessage(1603, LogLevel.Warning, "{Count} counters of ordering keys were behind the rows of their keys, and are right now")]
    internal static partial void CountersRepaired(ILogger logger, int count);

    [LoggerMessage(1604, LogLevel.Information, "The collections of {Database} are those of version {Version}")]
    internal static partial void SetUp(ILogger logger, string database, int version);

    [LoggerMessage(
        1605,
        LogLevel.Warning,
        "The server refuses to make roles ({Error}), as Atlas does: make the roles {Roles} there by hand, and grant them, as docs/mongodb.md "
        + "shows under \"On MongoDB Atlas\" and \"Roles\"; everything else is set up")]
    internal static partial void RolesRefused(ILogger logger, string error, string roles);
}
