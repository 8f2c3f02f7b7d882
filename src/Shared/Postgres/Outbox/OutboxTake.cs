namespace Relaybox.Postgres;

/// <summary>What a claim does with the rows that it takes.</summary>
/// <param name="TakesEnded">
/// Whether it takes rows too whose lease has ended. What is only locked keeps the state that it has if it is let go, and such
/// a state would have to be ended first.
/// </param>
/// <param name="Claimed">
/// The common table expression <c>claimed</c>, which takes the rows of a query and answers with their columns: of the tables,
/// the query of row numbers, and the parameters of token and lease.
/// </param>
internal sealed record OutboxTake(bool TakesEnded, Func<PostgresNames, string, string, string, string> Claimed)
{
    /// <summary>The function that claims plain rows so, where the database has one; it is planned once for each session.</summary>
    internal Func<PostgresNames, string>? PlainFunction { get; private init; }

    /// <summary>
    /// An expression that each statement that only claims evaluates: its commit waits for no disk. A claim that a crash of the
    /// server takes back is as one whose lease has ended. Null where the statement does more than claim.
    /// </summary>
    internal string? Commit { get; private init; }

    /// <summary>They are leased: the claim commits, and the row says until when.</summary>
    internal static OutboxTake Lease { get; } = new(TakesEnded: true, (names, rows, token, lease) =>
        $"""
        claimed AS (
            UPDATE {names.Outbox} o
            SET status = 'publishing', claim_token = {token}, claimed_at = now(), lease_until = now() + {lease}
            WHERE o.row_id = ANY (ARRAY({rows}))
            RETURNING {OutboxColumns.Columns("o")}
        )
        """)
    {
        PlainFunction = names => names.ClaimPlain,
        Commit = "set_config('synchronous_commit', 'off', true)",
    };

    /// <summary>They are sent as soon as the transaction is committed.</summary>
    internal static OutboxTake Send(AfterSending afterSending) => new(TakesEnded: false, (names, rows, token, _) =>
        afterSending switch
        {
            AfterSending.Keep =>
                $"""
                claimed AS (
                    UPDATE {names.Outbox} o
                    SET {OutboxMarks.BecomesSent}, claim_token = {token}
                    WHERE o.row_id = ANY (ARRAY({rows}))
                    RETURNING {OutboxColumns.Columns("o")}
                )
                """,
            AfterSending.Delete => $"claimed AS (DELETE FROM {names.Outbox} o WHERE o.row_id = ANY (ARRAY({rows})) RETURNING {OutboxColumns.Columns("o")})",
            _ =>
                $"""
                deleted AS (
                    DELETE FROM {names.Outbox} o WHERE o.row_id = ANY (ARRAY({rows})) RETURNING o.*
                ),
                archived AS (
                    {OutboxMarks.Archive(names, "deleted", token)}
                ),
                claimed AS (
                    SELECT {OutboxColumns.Columns("o")} FROM deleted o
                )
                """,
        });
}
