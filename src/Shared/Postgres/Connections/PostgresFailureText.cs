using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Npgsql;
using Relaybox.Diagnostics;
using static Relaybox.Diagnostics.FailureText;

namespace Relaybox.Postgres;

/// <summary>Says of a failed call which database it was, what is wrong and what to do. Nothing else in the tree does.</summary>
internal static partial class PostgresFailureText
{
    private const string MissingSchema =
        "Invoke the Setup function, or run ./run migrate; if that was done, DATABASE_SCHEMA or the tables' names are not those that it was done for.";

    /// <summary>Describes a failure of the database's.</summary>
    /// <returns>The text; null where the exception is none of the database's.</returns>
    internal static string? Describe(Exception exception, PostgresTarget target) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => null,
        NpgsqlException e => Sentence(e, target),
        MigrationException { InnerException: PostgresException e } =>
            $"{exception.Message} It was {At(target)}, as the user '{target.User}'.{OwnerAdvice(e, target)}",

        // What ran out of time while the database failed is told by the database's failure.
        OperationCanceledException { InnerException: NpgsqlException e } => Sentence(e, target),
        AggregateException { InnerException: { } e } => Describe(e, target),
        _ => null,
    };

    private static string Sentence(NpgsqlException exception, PostgresTarget target) => exception switch
    {
        PostgresException e => OfServer(e, target),
        { InnerException: SocketException e } =>
            $"{Capital(At(target))} cannot be reached: {Reason(e)}. "
            + $"Check host and port in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, "
            + "that the server runs, and that the functions' subnets and security groups lead to it (VpcSubnetIds, VpcSecurityGroupIds).",
        { InnerException: AuthenticationException } =>
            $"The server of {At(target)} could not be verified (TLS): "
            + "its certificate is by an authority that is not trusted, has expired, or is of another name. "
            + "Set DATABASE_CA_FILE to its authority's certificates, and use the host name that the certificate has.",
        { Message: var text } when text.Contains("SSL", StringComparison.Ordinal) =>
            $"The server of {At(target)} could not be verified (TLS): it offers no TLS, or broke the handshake off. "
            + "Outside loopback there is no connection without it: switch TLS on at the server.",
        { Message: var text } when text.StartsWith("No password", StringComparison.Ordinal) =>
            $"{Capital(At(target))} asks for a password, and {target.Credentials} has none for the user '{target.User}'.",
        { Message: var text } when text.StartsWith("The connection pool", StringComparison.Ordinal) =>
            $"All connections of this process to {At(target)} were in use for too long. "
            + "Raise DATABASE_MAX_CONNECTIONS, or lower the handlers' concurrency.",
        _ when PostgresFaults.HasNoHost(exception) =>
            $"{Capital(At(target))} has no host that can be reached and takes writes. In a failover the next try finds the new primary; "
            + $"otherwise check hosts and ports in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, subnets and security groups.",
        { InnerException: TimeoutException } =>
            $"{Capital(At(target))} did not answer in time. Where it never does, "
            + "packets are dropped on the way: check host and port, subnets and security groups "
            + "(VpcSubnetIds, VpcSecurityGroupIds); otherwise the server has too much to do.",
        _ => $"The connection to {At(target)} was lost. What was under way is found by the next run; if this goes on, the server's log says why.",
    };

    private static string OfServer(PostgresException e, PostgresTarget target) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword =>
            $"{Capital(At(target))} refuses the password of the user '{target.User}' ({e.SqlState}). Put the right one into {target.Credentials}.",
        PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"{Capital(At(target))} does not let the user '{target.User}' in ({e.SqlState}): "
            + "there is no such user, it may not log in, or pg_hba.conf does not allow it from here. "
            + $"Create it, or name another in {target.Credentials}.",
        PostgresErrorCodes.InvalidCatalogName =>
            $"The server {target.Host} has no database '{target.Database}' ({e.SqlState}). "
            + $"Create it, or name another in {Place(target.Credentials, " or DATABASE_NAME")}.",
        PostgresErrorCodes.InvalidSchemaName
            or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedFunction =>
            $"{Capital(At(target))} lacks {Missing(e)} ({e.SqlState}): its schema is not there, or older than this build. {MissingSchema}",
        PostgresErrorCodes.InsufficientPrivilege when e.InvariantSeverity == "FATAL" =>
            $"{Capital(At(target))} does not let the user '{target.User}' in ({e.SqlState}). "
            + $"As its owner: GRANT CONNECT ON DATABASE {Quoted(target.Database)} TO {Quoted(target.User)};",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"{Capital(At(target))} does not allow the user '{target.User}' what this function does{Denied(e)} ({e.SqlState}). "
            + $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{target.User}' and invoke the Setup function; "
            + "where the roles are there, it is enough that their owner says "
            + $"GRANT {target.RolePrefix}_relay, {target.RolePrefix}_cleaner, {target.RolePrefix}_consumer TO {Quoted(target.User)};",
        PostgresErrorCodes.TooManyConnections =>
            $"{Capital(At(target))} has no connection left for the user '{target.User}' ({e.SqlState}). "
            + "Lower the functions' concurrency or DATABASE_MAX_CONNECTIONS, or raise the server's max_connections.",
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            $"{Capital(At(target))} is read-only ({e.SqlState}): a replica, or a primary that has become one. The next try connects anew; "
            + $"if it stays so, name the primary, or all hosts with commas between them, in {Place(target.Credentials, " or DATABASE_HOST")}.",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow =>
            $"{Capital(At(target))} is being stopped or started ({e.SqlState}). The next run finds what was under way.",
        PostgresErrorCodes.QueryCanceled =>
            $"{Capital(At(target))} was not done with a statement when its time was over ({e.SqlState}). "
            + "Look for locks that are held long and for what else the server has to do.",
        PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory or PostgresErrorCodes.InsufficientResources =>
            $"{Capital(At(target))} is out of disk or memory ({e.SqlState}). Nothing can be written until an operator has made room.",
        _ => $"{Capital(At(target))} answered with an error ({e.SqlState}), whose text is in the server's log.",
    };

    private static string OwnerAdvice(PostgresException e, PostgresTarget target) => e.SqlState == PostgresErrorCodes.InsufficientPrivilege
        ? " Setup needs the schema's owner: name one in DatabaseOwnerSecretArn who owns the schema or "
            + $"may make it (GRANT CREATE ON DATABASE {Quoted(target.Database)} TO {Quoted(target.User)};), "
            + "and who has CREATEROLE, or the roles made and granted already."
        : "";

    private static string At(PostgresTarget target) => $"the database '{target.Database}' at {target.Host}";

    // The server's own words only where they are a name: all else could hold what a statement held.
    private static string Missing(PostgresException e) =>
        MissingPattern().Match(e.MessageText) is { Success: true } match
            ? $"the {match.Groups["kind"]} {match.Groups["name"]}"
            : "what was asked for";

    private static string Denied(PostgresException e) =>
        DeniedPattern().Match(e.MessageText) is { Success: true } match ? $" with the {match.Groups["kind"]} {match.Groups["name"]}" : "";

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    [GeneratedRegex("^(?<kind>relation|schema|function|column) \"?(?<name>[A-Za-z0-9_.]{1,130})\"?(\\(.*\\))? does not exist$")]
    private static partial Regex MissingPattern();

    [GeneratedRegex("^permission denied for (?<kind>table|schema|sequence|function|view) (?<name>[A-Za-z0-9_]{1,63})$")]
    private static partial Regex DeniedPattern();
}
