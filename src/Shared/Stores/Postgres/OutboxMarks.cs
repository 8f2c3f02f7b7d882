namespace Relaybox.Stores.Postgres;

/// <summary>The statements that record outcomes: one for a whole batch, conditional on each row's own token.</summary>
/// <remarks>
/// Rows are named by their number, or by their id where a mark has none. Each statement answers with the place in the batch
/// of every row that it changed, and of those that the very same write had changed before.
/// </remarks>
internal sealed class OutboxMarks(PostgresNames names)
{
    internal string Sent(bool byNumber) => byNumber ? SentByNumber : SentById;

    internal string Retry(bool byNumber) => byNumber ? RetryByNumber : RetryById;

    internal string Park(bool byNumber) => byNumber ? ParkByNumber : ParkById;

    private string SentByNumber { get; } = SentSql(names, byNumber: true);

    private string SentById { get; } = SentSql(names, byNumber: false);

    private string RetryByNumber { get; } = RetrySql(names, byNumber: true);

    private string RetryById { get; } = RetrySql(names, byNumber: false);

    private string ParkByNumber { get; } = ParkSql(names, byNumber: true);

    private string ParkById { get; } = ParkSql(names, byNumber: false);

    private static string SentSql(PostgresNames names, bool byNumber) =>
        Sql(
            names,
            byNumber,
            columns: "",
            arrays: "",
            set:
                """
                status = 'sent', sent_at = now(), claimed_at = NULL, lease_until = NULL, error_code = NULL, error_message = NULL
                """,
            // The row keeps the token that sent it, so that a repeated call knows its own work.
            already: "o.status = 'sent' AND (m.token IS NULL OR o.claim_token = m.token)");

    private static string RetrySql(PostgresNames names, bool byNumber) =>
        Sql(
            names,
            byNumber,
            columns: ", attempts, delay, error_code, error_message",
            arrays: ", $3::integer[], $4::interval[], $5::text[], $6::text[]",
            set:
                """
                status = 'pending', attempts = m.attempts, claim_token = NULL, claimed_at = NULL, lease_until = NULL, released_token = m.token,
                available_at = CASE WHEN m.delay > '0' THEN now() + m.delay ELSE least(o.available_at, now()) END,
                error_code = coalesce(m.error_code, o.error_code),
                error_message = CASE WHEN m.error_code IS NULL THEN o.error_message ELSE m.error_message END
                """,
            already: "o.status = 'pending' AND o.released_token = m.token AND o.attempts = m.attempts");

    private static string ParkSql(PostgresNames names, bool byNumber) =>
        Sql(
            names,
            byNumber,
            columns: ", attempts, error_code, error_message",
            arrays: ", $3::integer[], $4::text[], $5::text[]",
            set:
                """
                status = 'failed', failed_at = now(), skipped_at = NULL, attempts = m.attempts, claim_token = NULL, claimed_at = NULL,
                lease_until = NULL, released_token = m.token, error_code = m.error_code, error_message = m.error_message
                """,
            already: "o.status = 'failed' AND o.released_token = m.token");

    private static string Sql(PostgresNames names, bool byNumber, string columns, string arrays, string set, string already)
    {
        var (key, type) = byNumber ? ("row_id", "bigint") : ("event_id", "text");
        return
            $"""
            WITH marks AS (
                SELECT * FROM unnest($1::{type}[], $2::text[]{arrays}) WITH ORDINALITY AS m ({key}, token{columns}, place)
            ),
            changed AS (
                UPDATE {names.Outbox} o SET {set}
                FROM marks m
                WHERE o.{key} = m.{key} AND {Held(byNumber)}
                RETURNING m.place
            )
            SELECT place FROM changed
            UNION ALL
            SELECT m.place FROM marks m JOIN {names.Outbox} o ON o.{key} = m.{key} WHERE {already}
            """;
    }

    // The right without a token holds on a pending row that nobody has claimed; such marks have no number.
    private static string Held(bool byNumber) => byNumber
        ? "o.status = 'publishing' AND o.claim_token = m.token"
        : "((o.status = 'publishing' AND o.claim_token = m.token) OR (m.token IS NULL AND o.status = 'pending' AND o.claim_token IS NULL))";
}
