using static Relaybox.Diagnostics.FailureText;

namespace Relaybox.Sql;

/// <summary>What SQL databases fail with alike: one sentence that says which database it was, what is wrong, and one on what to do.</summary>
internal static class SqlFailureText
{
    internal static string At(SqlTarget target) => $"the database '{target.Database}' at {target.Host}";

    internal static string Unreachable(SqlTarget target, string reason) =>
        $"{Capital(At(target))} cannot be reached: {reason}. "
        + $"Check host and port in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, "
        + "that the server runs, and that the functions' subnets and security groups lead to it (VpcSubnetIds, VpcSecurityGroupIds).";

    internal static string NoHost(SqlTarget target) =>
        $"{Capital(At(target))} has no host that can be reached and takes writes. In a failover the next try finds the new primary; "
        + $"otherwise check hosts and ports in {Place(target.Credentials, ", DATABASE_HOST and DATABASE_PORT")}, subnets and security groups.";

    internal static string BadCertificate(SqlTarget target) =>
        $"The server of {At(target)} could not be verified (TLS): "
        + "its certificate is by an authority that is not trusted, has expired, or is of another name. "
        + "Set DATABASE_CA_FILE to its authority's certificates, and use the host name that the certificate has.";

    internal static string NoTls(SqlTarget target) =>
        $"The server of {At(target)} could not be verified (TLS): it offers no TLS, or broke the handshake off. "
        + "Outside loopback there is no connection without it: switch TLS on at the server.";

    internal static string PoolInUse(SqlTarget target) =>
        $"All connections of this process to {At(target)} were in use for too long. "
        + "Raise DATABASE_MAX_CONNECTIONS, or lower the handlers' concurrency.";

    internal static string NoAnswer(SqlTarget target) =>
        $"{Capital(At(target))} did not answer in time. Where it never does, "
        + "packets are dropped on the way: check host and port, subnets and security groups "
        + "(VpcSubnetIds, VpcSecurityGroupIds); otherwise the server has too much to do.";

    internal static string Lost(SqlTarget target) =>
        $"The connection to {At(target)} was lost. What was under way is found by the next run; if this goes on, the server's log says why.";

    internal static string WrongPassword(SqlTarget target, string code) =>
        $"{Capital(At(target))} refuses the password of the user '{target.User}' ({code}). Put the right one into {target.Credentials}.";

    internal static string NoDatabase(SqlTarget target, string code) =>
        $"The server {target.Host} has no database '{target.Database}' ({code}). "
        + $"Create it, or name another in {Place(target.Credentials, " or DATABASE_NAME")}.";

    internal static string LacksSchema(SqlTarget target, string missing, string code) =>
        $"{Capital(At(target))} lacks {missing} ({code}): its schema is not there, or older than this build. "
        + "Invoke the Setup function, or run ./run migrate; "
        + "if that was done, DATABASE_SCHEMA or the tables' names are not those that it was done for.";

    /// <param name="target">The database.</param>
    /// <param name="denied">What is denied, with a blank before it; empty: it is not known.</param>
    /// <param name="code">The server's code.</param>
    /// <param name="grant">The statement that grants the roles.</param>
    internal static string LacksRight(SqlTarget target, string denied, string code, string grant) =>
        $"{Capital(At(target))} does not allow the user '{target.User}' what this function does{denied} ({code}). "
        + $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{target.User}' and invoke the Setup function; "
        + $"where the roles are there, it is enough that their owner says {grant}";

    internal static string TooManyConnections(SqlTarget target, string code) =>
        $"{Capital(At(target))} has no connection left for the user '{target.User}' ({code}). "
        + "Lower the functions' concurrency or DATABASE_MAX_CONNECTIONS, or raise the server's max_connections.";

    internal static string ReadOnly(SqlTarget target, string code) =>
        $"{Capital(At(target))} is read-only ({code}): a replica, or a primary that has become one. The next try connects anew; "
        + $"if it stays so, name the primary, or all hosts with commas between them, in {Place(target.Credentials, " or DATABASE_HOST")}.";

    internal static string Stopping(SqlTarget target, string code) =>
        $"{Capital(At(target))} is being stopped or started ({code}). The next run finds what was under way.";

    internal static string StatementTookTooLong(SqlTarget target, string code) =>
        $"{Capital(At(target))} was not done with a statement when its time was over ({code}). "
        + "Look for locks that are held long and for what else the server has to do.";

    internal static string NoRoom(SqlTarget target, string code) =>
        $"{Capital(At(target))} is out of disk or memory ({code}). Nothing can be written until an operator has made room.";

    internal static string Unknown(SqlTarget target, string code) =>
        $"{Capital(At(target))} answered with an error ({code}), whose text is in the server's log.";
}
