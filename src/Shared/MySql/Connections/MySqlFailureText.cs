using System.Globalization;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Sql;
using static Relaybox.Diagnostics.FailureText;
using static Relaybox.Sql.SqlFailureText;

namespace Relaybox.MySql;

/// <summary>Says of a failed call which database it was, what is wrong and what to do. Nothing else in the tree does.</summary>
internal static partial class MySqlFailureText
{
    private const string SendLess = "Send a reference to the data instead of the data, or raise max_allowed_packet on the server.";

    /// <summary>Describes a failure of the database's.</summary>
    /// <returns>The text; null where the exception is none of the database's.</returns>
    internal static string? Describe(Exception exception, SqlTarget target) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => null,
        MySqlException e => Sentence(e, target),
        ReadOnlyServerException => NoHost(target),
        MySqlVersionException e => $"{e.Message} It was {At(target)}.",
        MigrationException { InnerException: MySqlException e } =>
            $"{exception.Message} It was {At(target)}, as the user '{target.User}'.{OwnerAdvice(e, target)}",

        // What ran out of time while the database failed is told by the database's failure.
        OperationCanceledException { InnerException: MySqlException e } => Sentence(e, target),
        AggregateException { InnerException: { } e } => Describe(e, target),
        _ => null,
    };

    /// <summary>Why a row is refused before it is sent.</summary>
    /// <param name="bytes">How many bytes its statement has.</param>
    /// <param name="limit">How many the server takes.</param>
    internal static string TooLarge(long bytes, long limit) => string.Create(
        CultureInfo.InvariantCulture,
        $"The row needs a statement of {bytes} bytes, and the server takes {limit} at most (max_allowed_packet). {SendLess}");

    private static string Sentence(MySqlException exception, SqlTarget target) => exception switch
    {
        { SqlState: not null, Number: > 0 } => OfServer(exception, target),
        { ErrorCode: MySqlErrorCode.CommandTimeoutExpired } => StatementTookTooLong(target, "no answer"),
        { InnerException: AuthenticationException } => BadCertificate(target),
        { Message: var text } when text.Contains("SSL", StringComparison.Ordinal) || text.Contains("TLS", StringComparison.Ordinal) => NoTls(target),
        { Message: var text } when text.StartsWith("Authentication method", StringComparison.Ordinal)
            || text.Contains("RSA public key", StringComparison.Ordinal) =>
            $"{Capital(At(target))} wants the password over a connection that is encrypted and verified. Switch TLS on at the server.",
        { Message: var text } when text.Contains("pooled connections", StringComparison.Ordinal) => PoolInUse(target),
        { Message: var text } when text.StartsWith("Connect Timeout", StringComparison.Ordinal) => NoAnswer(target),
        { ErrorCode: MySqlErrorCode.UnableToConnectToHost } when target.Host.Contains(',', StringComparison.Ordinal) => NoHost(target),
        { ErrorCode: MySqlErrorCode.UnableToConnectToHost, Message: var text } when text.StartsWith("Unable to connect", StringComparison.Ordinal) =>
            Unreachable(target, "nothing listens there, or nobody knows a host of that name"),
        _ => Lost(target),
    };

    private static string OfServer(MySqlException e, SqlTarget target)
    {
        var code = e.Number.ToString(CultureInfo.InvariantCulture);
        return e.Number switch
        {
            1045 or 1698 => WrongPassword(target, code),
            1862 or 3118 or 4151 =>
                $"{Capital(At(target))} does not let the user '{target.User}' in ({code}): its account is locked, or its password has expired. "
                + $"Unlock it, or name another in {target.Credentials}.",
            1130 =>
                $"{Capital(At(target))} lets nobody in from this address ({code}). "
                + $"Create the user '{target.User}' for it, such as {Account(target)}.",
            1129 =>
                $"{Capital(At(target))} has locked this address out after too many broken connections ({code}). An administrator lets it in again "
                + "with FLUSH HOSTS, or by TRUNCATE TABLE performance_schema.host_cache.",
            1044 when NameIn(UnknownDatabase(), e) == target.Database =>
                $"{Capital(At(target))} does not let the user '{target.User}' in ({code}). Grant the user a right on that database, or name "
                + $"another in {target.Credentials} or DATABASE_NAME.",
            1049 when NameIn(UnknownDatabase(), e) is not { } name || name == target.Database => NoDatabase(target, code),
            1049 or 1054 or 1146 or 1305 => LacksSchema(target, Missing(e), code),
            1044 or 1142 or 1143 or 1227 or 1370 => LacksRight(target, Denied(e), code, Grant(target)),
            1449 =>
                $"{Capital(At(target))} no longer has the user who made the schema, and whose rights its trigger and procedures need ({code}). "
                + "Create that user again; it needs no password that anybody knows.",
            1040 or 1203 or 1226 => TooManyConnections(target, code),
            1047 or 1053 or 1077 or 1079 or 1927 => Stopping(target, code),
            1205 or 1317 or 1969 or 3024 => StatementTookTooLong(target, code),
            1021 or 1037 or 1038 or 1041 or 1114 => NoRoom(target, code),
            1153 =>
                $"{Capital(At(target))} refuses a statement that is larger than its max_allowed_packet ({code}). {SendLess}",
            _ when MySqlFaults.IsOfReadOnlyServer(e) => ReadOnly(target, code),
            _ => Unknown(target, code),
        };
    }

    private static string OwnerAdvice(MySqlException e, SqlTarget target) => e.Number is 1044 or 1142 or 1143 or 1227 or 1370 or 1410 or 1698
        ? " Setup needs a user who may create the schema and its objects, and who may grant: name one in DatabaseOwnerSecretArn to whom an "
            + $"administrator says GRANT ALL PRIVILEGES ON {SchemaOf(e) ?? "relaybox"}.* TO {Account(target)} WITH GRANT OPTION; "
            + $"where Setup makes the roles, also GRANT CREATE USER ON *.* TO {Account(target)}; and "
            + $"GRANT SELECT, UPDATE ON mysql.* TO {Account(target)};"
        : "";

    private static string Grant(SqlTarget target) =>
        $"GRANT {MySqlRoles.NameOf(target.RolePrefix, "functions")} TO {Account(target)}; and makes it the user's default role";

    private static string Account(SqlTarget target) => $"'{target.User}'@'%'";

    // The server's own words only where they are a name: all else could hold what a statement held.
    private static string Missing(MySqlException e) =>
        MissingPattern().Match(e.Message) is { Success: true } match
            ? $"the {match.Groups["kind"].Value.ToLowerInvariant()} {match.Groups["name"]}"
            : "what was asked for";

    private static string Denied(MySqlException e) =>
        DeniedPattern().Match(e.Message) is { Success: true } match
            ? $" with the {match.Groups["kind"]} {match.Groups["name"].Value.Replace("`", "", StringComparison.Ordinal)}"
            : "";

    private static string? SchemaOf(MySqlException e) =>
        NameIn(UnknownDatabase(), e) ?? NameIn(DeniedPattern(), e)?.Replace("`", "", StringComparison.Ordinal).Split('.') switch
        {
            [var schema, _] => schema,
            _ => null,
        };

    private static string? NameIn(Regex pattern, MySqlException e) =>
        pattern.Match(e.Message) is { Success: true } match ? match.Groups["name"].Value : null;

    [GeneratedRegex(
        "^(Unknown )?(?<kind>Table|database|column|PROCEDURE|FUNCTION) '?(?<name>[A-Za-z0-9_.]{1,130})'?( in .*| doesn't exist| does not exist)?$")]
    private static partial Regex MissingPattern();

    [GeneratedRegex(" for (?<kind>table|routine) [`']?(?<name>[A-Za-z0-9_`.]{1,135}?)[`']?$")]
    private static partial Regex DeniedPattern();

    [GeneratedRegex("(to|Unknown) database '(?<name>[A-Za-z0-9_]{1,64})'$")]
    private static partial Regex UnknownDatabase();
}
