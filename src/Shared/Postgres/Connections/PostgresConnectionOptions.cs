using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>
/// How the database is reached. The URL is <c>postgres://user:password@host:port/database</c> with libpq's options, or Npgsql's own form; the
/// secret can have <see cref="PostgresUrl.SecretOptions"/>, too.
/// </summary>
internal sealed record PostgresConnectionOptions : SqlConnectionOptions
{
    /// <summary>Whether connections go through a pooler that changes the server connection with each transaction.</summary>
    public bool Pooler { get; init; }

    /// <summary>
    /// Whether a connection that only Relaybox's own statements run on goes back to the pool with its session as it is: they leave
    /// nothing behind, and the server keeps what it has planned for them. Handlers then have connections of another pool, whose
    /// sessions are reset. Default: no, there is one pool, and each session is reset.
    /// </summary>
    public bool KeepsSessions { get; init; }
}
