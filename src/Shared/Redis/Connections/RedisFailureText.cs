using System.Net.Sockets;
using System.Security.Authentication;
using Relaybox.Diagnostics;
using StackExchange.Redis;
using static Relaybox.Diagnostics.FailureText;

namespace Relaybox.Redis;

/// <summary>Says of a failed call which server it was, what is wrong and what to do. Nothing else in the tree does.</summary>
internal static class RedisFailureText
{
    /// <summary>Describes a failure of the server's.</summary>
    /// <returns>The text; null where the exception is none of the server's.</returns>
    internal static string? Describe(Exception exception, RedisTarget target) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => null,
        RedisSchemaException or RedisServerRefusedException => $"{exception.Message} It was {At(target)}.",
        AggregateException { InnerException: { } e } => Describe(e, target),

        // What ran out of time while the server failed is told by the server's failure.
        OperationCanceledException { InnerException: { } e } => Describe(e, target),
        _ when RedisFaults.IsRefusal(exception) && target.User.Length == 0 =>
            $"{Capital(At(target))} refuses the user or the password. Put the right ones into {target.Credentials}.",
        _ when RedisFaults.IsRefusal(exception) =>
            $"{Capital(At(target))} refuses the user '{target.User}' or its password. Put the right ones into {target.Credentials}.",
        RedisServerException e => OfServer(e, target),
        RedisTimeoutException => NoAnswer(target),
        RedisConnectionException { InnerException: TimeoutException } => NoAnswer(target),
        RedisConnectionException { InnerException: SocketException e } => Unreachable(target, Reason(e)),
        RedisConnectionException { InnerException: AuthenticationException } =>
            $"The server of {At(target)} could not be verified (TLS): "
            + "its certificate is by an authority that is not trusted, has expired, or is of another name; or it offers no TLS. "
            + "Set DATABASE_CA_FILE to its authority's certificates, and use the host name that the certificate has.",
        RedisConnectionException { InnerException: IOException } when target.UsesTls =>
            $"The server of {At(target)} breaks the handshake off (TLS): it offers no TLS, or is being stopped. "
            + "Outside loopback there is no connection without it: switch TLS on at the server (tls-port; on ElastiCache, encryption in transit).",
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToConnect } when target.IsSentinel =>
            $"{Capital(At(target))} are sentinels of which none names a primary. Check the primary's name (sentinel) and the hosts in "
            + $"{target.Credentials}, and that the sentinels take the same user and password.",
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToConnect } =>
            $"{Capital(At(target))} accepts connections, and does not answer as a Redis server that is ready: it is being started, asks for TLS, is "
            + $"another server, or does not allow the user '{target.User}' PING, ECHO and INFO.",
        RedisConnectionException => Lost(target),
        RedisCommandException => Lost(target),
        _ => null,
    };

    private static string OfServer(RedisServerException e, RedisTarget target)
    {
        var code = RedisFaults.Name(e);
        return e.Kind switch
        {
            _ when RedisFaults.IsOfSchema(e) =>
                $"{Capital(At(target))} lacks what Setup makes, or has it for another version or number of buckets ({code}). Invoke the Setup "
                + "function; if that was done, REDIS_KEY_PREFIX, REDIS_BUCKETS or the database's number are not those that it was done for.",
            _ when RedisFaults.IsOfRights(e) =>
                $"{Capital(At(target))} does not allow the user '{target.User}' what this function does ({code}). "
                + $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{target.User}' and invoke the Setup function; on ElastiCache and "
                + "MemoryDB give the user the access string of docs/redis.md.",
            RedisErrorKind.OutOfMemory =>
                $"{Capital(At(target))} is out of memory ({code}). Nothing can be written until an operator has made room: raise maxmemory, or take "
                + "a larger node.",
            RedisErrorKind.Misconfigured =>
                $"{Capital(At(target))} takes no writes because it cannot save its data ({code}): its disk may be full; the server's log says why.",
            RedisErrorKind.NoReplicas =>
                $"{Capital(At(target))} takes no writes because it has too few replicas ({code}, min-replicas-to-write).",
            RedisErrorKind.ReadOnly =>
                $"{Capital(At(target))} is read-only ({code}): a replica, or a primary that has become one. The next try connects anew; "
                + $"if it stays so, name the primary, or all hosts with commas between them, in {Place(target.Credentials, " or DATABASE_HOST")}.",
            RedisErrorKind.MaxClients =>
                $"{Capital(At(target))} has no connection left ({code}). Lower the functions' concurrency, or raise the server's maxclients.",
            RedisErrorKind.Busy =>
                $"{Capital(At(target))} is busy with a script of somebody's ({code}), and answers nobody until that has ended.",
            RedisErrorKind.CrossSlot =>
                $"{Capital(At(target))} was asked for keys of several slots at once ({code}). All keys of one script need the same hash tag.",
            RedisErrorKind.Loading or RedisErrorKind.ClusterDown or RedisErrorKind.MasterDown or RedisErrorKind.TryAgain or RedisErrorKind.Moved
                or RedisErrorKind.Ask or RedisErrorKind.UnknownRedirectTarget =>
                $"{Capital(At(target))} is being started, or is in a failover ({code}). The next run finds what was under way.",
            _ => $"{Capital(At(target))} answered with an error ({code}), whose text is not for logs.",
        };
    }

    private static string Unreachable(RedisTarget target, string reason) =>
        $"{Capital(At(target))} cannot be reached: {reason}. "
        + $"Check host and port in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, "
        + "that the server runs, and that the functions' subnets and security groups lead to it (VpcSubnetIds, VpcSecurityGroupIds).";

    private static string NoAnswer(RedisTarget target) =>
        $"{Capital(At(target))} did not answer in time. Where it never does, packets are dropped on the way: check host and port, subnets and "
        + "security groups (VpcSubnetIds, VpcSecurityGroupIds); otherwise the server has too much to do.";

    private static string Lost(RedisTarget target) =>
        $"The connection to {At(target)} was lost. What was under way is found by the next run; if this goes on, the server's log says why.";

    private static string At(RedisTarget target) => $"the Redis server at {target.Host}";
}
