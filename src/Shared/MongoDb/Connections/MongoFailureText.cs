using System.Net.Sockets;
using System.Security.Authentication;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using static Relaybox.Diagnostics.FailureText;

namespace Relaybox.MongoDb;

/// <summary>Says of a failed call which database it was, what is wrong and what to do. Nothing else in the tree does.</summary>
internal static class MongoFailureText
{
    private const int NotSupportedOptions = 72;
    private const int DocumentTooLarge = 10334;
    private const int ExceededTime = 50;
    private const int OutOfDisk = 14031;

    /// <summary>Describes a failure of the database's.</summary>
    /// <param name="exception">What a call threw.</param>
    /// <param name="target">The database.</param>
    /// <param name="unreachable">Why the server could not be reached when it was last asked; null: it could, or nobody has asked.</param>
    /// <returns>The text; null where the exception is none of the database's.</returns>
    internal static string? Describe(Exception exception, MongoTarget target, Exception? unreachable = null) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => null,
        MongoSchemaException { InnerException: { } e } when target.User.Length > 0 =>
            $"{exception.Message} It was {At(target)}, as the user '{target.User}' ({MongoFaults.Name(e)}).",
        MongoSchemaException { InnerException: { } e } => Sentence(e, target),
        MongoSchemaException e => $"{e.Message} It was {At(target)}.",
        AggregateException { InnerException: { } e } => Describe(e, target, unreachable),

        // What ran out of time while the database failed is told by the database's failure.
        OperationCanceledException { InnerException: { } e } => Describe(e, target, unreachable),
        OperationCanceledException when unreachable is MongoException => Unreachable(unreachable, target),
        _ when MongoFaults.IsOfStandalone(exception) =>
            $"{Capital(At(target))} is a standalone server, which has no transactions. Make it a replica set of one: start mongod with "
            + "--replSet rs0, and call rs.initiate() in mongosh once.",
        _ when MongoFaults.IsRefusal(exception) =>
            $"{Capital(At(target))} refuses the user '{target.User}' or its password. Put the right ones into {target.Credentials}.",
        TimeoutException when unreachable is not null and not TimeoutException => Unreachable(unreachable, target),
        MongoException or TimeoutException => Sentence(exception, target),
        _ => null,
    };

    // The greeting of a connection is the first that is lost where one side speaks TLS and the other does not.
    private static string? Unreachable(Exception exception, MongoTarget target) => Root(exception) switch
    {
        SocketException { SocketErrorCode: not SocketError.ConnectionReset } or not (IOException or SocketException) => Describe(exception, target),
        _ when target.UsesTls =>
            $"The server of {At(target)} breaks the handshake off (TLS): it offers no TLS, or is being stopped. "
            + "Outside loopback there is no connection without it: switch TLS on at the server (net.tls.mode).",
        _ => $"The server of {At(target)} closes connections before it answers: it asks for TLS, or is being stopped. "
            + $"For TLS, say so in {target.Credentials}: tls=true in a connection string, \"tls\": true in JSON.",
    };

    private static string Sentence(Exception exception, MongoTarget target) => Root(exception) switch
    {
        SocketException e =>
            $"{Capital(At(target))} cannot be reached: {Reason(e)}. "
            + $"Check host and port in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, "
            + "that the server runs, and that the functions' subnets and security groups lead to it (VpcSubnetIds, VpcSecurityGroupIds).",
        AuthenticationException =>
            $"The server of {At(target)} could not be verified (TLS): "
            + "its certificate is by an authority that is not trusted, has expired, or is of another name; or it offers no TLS. "
            + "Set DATABASE_CA_FILE to its authority's certificates, and use the host name that the certificate has.",
        _ when exception is MongoWaitQueueFullException =>
            $"All connections of this process to {At(target)} were in use for too long. "
            + "Raise DATABASE_MAX_CONNECTIONS, or lower the handlers' concurrency.",
        _ when exception is TimeoutException =>
            $"{Capital(At(target))} has no primary that can be reached. In a failover the next try finds the new one; otherwise check hosts, port, "
            + $"replicaSet and tls in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, subnets and security groups.",
        _ => OfServer(exception, target),
    };

    private static string OfServer(Exception exception, MongoTarget target)
    {
        var codes = MongoFaults.Codes(exception).ToArray();
        return codes switch
        {
            _ when codes.Contains(MongoFaults.Unauthorized) && target.User.Length == 0 =>
                $"{Capital(At(target))} asks for a user and a password, and {target.Credentials} has none ({MongoFaults.Name(exception)}).",
            _ when codes.Contains(MongoFaults.Unauthorized) =>
                $"{Capital(At(target))} does not allow the user '{target.User}' what this function does ({MongoFaults.Name(exception)}). "
                + $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{target.User}' and invoke the Setup function; where the roles are there, "
                + $"it is enough that an administrator grants it {target.RolePrefix}_relay, {target.RolePrefix}_cleaner and "
                + $"{target.RolePrefix}_consumer.",
            _ when codes.Contains(DocumentTooLarge) =>
                $"{Capital(At(target))} refuses a document of more than 16 MB ({MongoFaults.Name(exception)}). Send a reference to the data "
                + "instead of the data.",
            _ when codes.Contains(ExceededTime) =>
                $"{Capital(At(target))} was not done with a command when its time was over ({MongoFaults.Name(exception)}). "
                + "Look for transactions that are held long and for what else the server has to do.",
            _ when codes.Contains(OutOfDisk) =>
                $"{Capital(At(target))} is out of disk ({MongoFaults.Name(exception)}). Nothing can be written until an operator has made room.",
            _ when codes.Contains(NotSupportedOptions) =>
                $"{Capital(At(target))} lacks something that the store needs ({MongoFaults.Name(exception)}). It needs MongoDB 6.0 or newer; what "
                + "DocumentDB lacks is in docs/mongodb.md.",
            _ when MongoFaults.IsOfServer(exception) && codes.Length > 0 =>
                $"{Capital(At(target))} is being stopped or started, or is no longer the primary ({MongoFaults.Name(exception)}). "
                + "The next run finds what was under way.",
            _ when codes.Length > 0 =>
                $"{Capital(At(target))} answered with an error ({MongoFaults.Name(exception)}), whose text is in the server's log.",
            _ => $"The connection to {At(target)} was lost ({MongoFaults.Name(exception)}). "
                + "What was under way is found by the next run; if this goes on, the server's log says why.",
        };
    }

    private static Exception Root(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    private static string At(MongoTarget target) => $"the database '{target.Database}' at {target.Host}";
}
