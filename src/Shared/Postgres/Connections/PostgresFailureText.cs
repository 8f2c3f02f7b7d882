using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Sql;
using static Relaybox.Diagnostics.FailureText;
using static Relaybox.Sql.SqlFailureText;

namespace Relaybox.Postgres;

/// <summary>Says of a failed call which database it was, what is wrong and what to do. Nothing else in the tree does.</summary>
internal static partial class PostgresFailureText
{
    /// <summary>Describes a failure of the database's.</summary>
    /// <returns>The text; null where the exception is none of the database's.</returns>
    internal static string? Describe(Exception exception, SqlTarget target) => exception switch
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

    private static string Sentence(NpgsqlException exception, SqlTarget target) => exception switch
    {
        PostgresException e => OfServer(e, target),
        { InnerException: SocketException e } => Unreachable(target, Reason(e)),
        { InnerException: AuthenticationException } => BadCertificate(target),
        { Message: var text } when text.Contains("SSL", StringComparison.Ordinal) => NoTls(target),
        { Message: var text } when text.StartsWith("No password", StringComparison.Ordinal) =>
            $"{Capital(At(target))} asks for a password, and {target.Credentials} has none for the user '{target.User}'.",
        { Message: var text } when text.StartsWith("The connection pool", StringComparison.Ordinal) => PoolInUse(target),
        _ when PostgresFaults.HasNoHost(exception) => NoHost(target),
        { InnerException: TimeoutException } => NoAnswer(target),
        _ => Lost(target),
    };

    private static string OfServer(PostgresException e, SqlTarget target) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword => WrongPassword(target, e.SqlState),
        PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"{Capital(At(target))} does not let the user '{target.User}' in ({e.SqlState}): "
            + "there is no such user, it may not log in, or pg_hba.conf does not allow it from here. "
            + $"Create it, or name another in {target.Credentials}.",
        PostgresErrorCodes.InvalidCatalogName => NoDatabase(target, e.SqlState),
        PostgresErrorCodes.InvalidSchemaName
            or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedFunction => LacksSchema(target, Missing(e), e.SqlState),
        PostgresErrorCodes.InsufficientPrivilege when e.InvariantSeverity == "FATAL" =>
            $"{Capital(At(target))} does not let the user '{target.User}' in ({e.SqlState}). "
            + $"As its owner: GRANT CONNECT ON DATABASE {Quoted(target.Database)} TO {Quoted(target.User)};",
        PostgresErrorCodes.InsufficientPrivilege => LacksRight(
            target,
            Denied(e),
            e.SqlState,
            $"GRANT {target.RolePrefix}_relay, {target.RolePrefix}_cleaner, {target.RolePrefix}_consumer TO {Quoted(target.User)};"),
        PostgresErrorCodes.TooManyConnections => TooManyConnections(target, e.SqlState),
        PostgresErrorCodes.ReadOnlySqlTransaction => ReadOnly(target, e.SqlState),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => Stopping(target, e.SqlState),
        PostgresErrorCodes.QueryCanceled => StatementTookTooLong(target, e.SqlState),
        PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory or PostgresErrorCodes.InsufficientResources => NoRoom(target, e.SqlState),
        _ => Unknown(target, e.SqlState),
    };

    private static string OwnerAdvice(PostgresException e, SqlTarget target) => e.SqlState == PostgresErrorCodes.InsufficientPrivilege
        ? " Setup needs the schema's owner: name one in DatabaseOwnerSecretArn who owns the schema or "
            + $"may make it (GRANT CREATE ON DATABASE {Quoted(target.Database)} TO {Quoted(target.User)};). "
            + "It also needs CREATEROLE, unless the roles are there already and granted to it."
        : "";

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
