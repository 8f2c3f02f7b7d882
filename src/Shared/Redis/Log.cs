using Microsoft.Extensions.Logging;

namespace Relaybox.Redis;

/// <summary>Every log message of the store Redis, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1801,
        LogLevel.Warning,
        "The server refuses to give rights to users ({Error}), as ElastiCache and MemoryDB do. Create the user {User} there with the access string: "
        + "on {Rules}")]
    internal static partial void UsersRefused(ILogger logger, string error, string user, string rules);

    [LoggerMessage(
        1802,
        LogLevel.Warning,
        "The server does not keep the rights of users when it restarts ({Error}): it has no aclfile. Set one in redis.conf, or put the users "
        + "there, or invoke the Setup function after each restart")]
    internal static partial void UsersNotSaved(ILogger logger, string error);

    [LoggerMessage(
        1811,
        LogLevel.Warning,
        "The channel that announces new rows was lost ({ErrorType}); the relay asks for rows until it has it again")]
    internal static partial void SignalLost(ILogger logger, string errorType);

    [LoggerMessage(1812, LogLevel.Information, "The relay hears of new rows by a channel again")]
    internal static partial void SignalRestored(ILogger logger);
}
