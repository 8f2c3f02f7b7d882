using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>What a claiming statement does with the rows that it takes.</summary>
/// <param name="TakesEnded">
/// Whether it also takes rows whose lease has ended. A row that is only locked must keep its state if it is let go, and its old
/// claim would have to be ended first.
/// </param>
/// <param name="Claimed">
/// The common table expression <c>claimed</c>, which takes the rows and returns their columns. Its arguments are the tables, the
/// query of row numbers, and the parameters of token, lease and most bytes.
/// </param>
/// <param name="Effect">An expression that the statement also evaluates.</param>
/// <param name="Plain">
/// The call that takes plain rows in the same way, which a session plans once: with token $1, lease $2, at most $3 rows and $4 bytes, and
/// <see cref="OutboxClaim.MaxUnfinished"/> as $5.
/// </param>
internal sealed record OutboxTake(
    bool TakesEnded,
    Func<PostgresNames, string, string, string, string, string> Claimed,
    Func<PostgresNames, string> Effect,
    Func<PostgresNames, string> Plain)
{
    /// <summary>
    /// The rows are leased: the claim commits, and the row says until when. The commit waits for no disk: a claim that is lost in a
    /// crash of the server looks like one whose lease has ended.
    /// </summary>
    internal static OutboxTake Lease { get; } = new(
        TakesEnded: true,
        (names, rows, token, lease, mostBytes) =>
            $"""
            claimed AS (
                UPDATE {names.Outbox} o
                SET status = 'publishing', claim_token = {token}, claimed_at = now(), lease_until = now() + {lease}, unfinished = o.unfinished + 1
                WHERE o.row_id = ANY (ARRAY({rows}))
                RETURNING {OutboxColumns.ClaimColumns(names, "o", "o.unfinished - 1", mostBytes)}
            )
            """,
        _ => "set_config('synchronous_commit', 'off', true)",
        names => $"{names.ClaimPlain}($1, $2, $3, $4, $5)");

    /// <summary>The rows are locked and marked as sent, which holds once the transaction is committed.</summary>
    internal static OutboxTake Lock(AfterSending afterSending) => new(
        TakesEnded: false,
        (names, rows, _, _, mostBytes) =>
            $"""
            claimed AS (
                SELECT {OutboxColumns.ClaimColumns(names, "o", "o.unfinished", mostBytes)}
                FROM {names.Outbox} o WHERE o.row_id = ANY (ARRAY({rows})) FOR UPDATE
            )
            """,
        names =>
        {
            var sent = OutboxMarks.MarkSent(names, afterSending, "ARRAY(SELECT row_id FROM claimed)", "ARRAY(SELECT NULL::text FROM claimed)");
            return $"(SELECT count(*) FROM ({sent}) sent)";
        },
        names => $"{names.LockPlain}($3, $4, $5, '{OutboxMarks.Word(afterSending)}')");
}
