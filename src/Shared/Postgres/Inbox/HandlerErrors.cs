using Npgsql;

namespace Relaybox.Postgres;

/// <summary>
/// What the database refused in the course of a handler, also where the handler swallowed it: the server tells once why a
/// transaction has failed, and from then on only that it has.
/// </summary>
internal sealed class HandlerErrors
{
    private static readonly AsyncLocal<HandlerErrors?> Current = new();

    static HandlerErrors() => AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => Note(thrown.Exception);

    private HandlerErrors()
    {
    }

    /// <summary>The SQLSTATE of the last error before the transaction had failed; null: none was seen.</summary>
    internal string? Last { get; private set; }

    /// <summary>Watches the caller's flow, and what it calls, from here on.</summary>
    internal static HandlerErrors Watch() => Current.Value = new HandlerErrors();

    private static void Note(Exception exception)
    {
        if (exception is PostgresException { InvariantSeverity: "ERROR", SqlState: not PostgresErrorCodes.InFailedSqlTransaction } e
            && Current.Value is { } errors)
        {
            errors.Last = e.SqlState;
        }
    }
}
