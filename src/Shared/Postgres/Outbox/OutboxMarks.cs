namespace Relaybox.Postgres;

/// <summary>The statements that record outcomes: one for a whole batch, conditional on each row's own token.</summary>
/// <remarks>
/// Rows are named by their number, or by their id where a mark has none. Each statement answers with the place in the batch
/// of every row that it changed; <see cref="Statements.FindDone"/> answers with that of each row that has the mark already.
/// The status is compared as an expression, so that no plan begins with an index on a status: the server's statistics know
/// little of states that last for milliseconds, and such an index can hold many more rows than are marked.
/// </remarks>
internal sealed class OutboxMarks(PostgresNames names, AfterSending afterSending)
{
    /// <summary>What changes in a row that was sent.</summary>
    internal const string BecomesSent =
        "status = 'sent', sent_at = now(), claimed_at = NULL, lease_until = NULL, error_code = NULL, error_message = NULL";

    private const string AlreadySent = "o.status || '' = 'sent' AND (m.token IS NULL OR o.claim_token = m.token)";

    private const string ArchivedColumns =
        "event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result, row_id, attempts";

    /// <summary>Archives the rows of a common table expression.</summary>
    /// <param name="names">The tables.</param>
    /// <param name="rows">The expression's name.</param>
    /// <param name="token">The token that sent them.</param>
    internal static string Archive(PostgresNames names, string rows, string token) =>
        $"INSERT INTO {names.Sent} (status, sent_at, claim_token, {ArchivedColumns}) SELECT 'sent', now(), {token}, {ArchivedColumns} FROM {rows}";

    // What a relay does for every row: a function, which a session plans once.
    internal Mark Sent { get; } = new(
        new Statements($"SELECT place FROM {names.MarkSent}($1, $2, '{Word(afterSending)}')", FindSql(names, byNumber: true, columns: "", arrays: "", AlreadySent)),
        SentSql(names, afterSending));

    internal Mark Retry { get; } = new(RetrySql(names, byNumber: true), RetrySql(names, byNumber: false));

    internal Mark Park { get; } = new(ParkSql(names, byNumber: true), ParkSql(names, byNumber: false));

    /// <summary>Which of the ids $1 are archived by the tokens $2, or by any where there is none.</summary>
    internal string FindArchived { get; } =
        $"""
        SELECT m.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS m (event_id, token, place)
        JOIN {names.Sent} s ON s.event_id = m.event_id AND (m.token IS NULL OR s.claim_token = m.token)
        """;

    /// <summary>Which of the ids $1 are not in the table.</summary>
    internal string FindGone { get; } =
        $"""
        SELECT m.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS m (event_id, token, place)
        WHERE NOT EXISTS (SELECT FROM {names.Outbox} o WHERE o.event_id = m.event_id)
        """;

    private static string Word(AfterSending afterSending) => afterSending switch
    {
        AfterSending.Keep => "keep",
        AfterSending.Delete => "delete",
        _ => "archive",
    };

    private static Statements SentSql(PostgresNames names, AfterSending afterSending) =>
        Sql(
            names,
            byNumber: false,
            columns: "",
            arrays: "",
            (key, held) => afterSending switch
            {
                // The row keeps the token that sent it, so that a repeated call knows its own work.
                AfterSending.Keep =>
                    $"""
                    UPDATE {names.Outbox} o SET {BecomesSent}
                    FROM marks m WHERE o.{key} = m.{key} AND {held} RETURNING m.place
                    """,
                AfterSending.Delete => $"DELETE FROM {names.Outbox} o USING marks m WHERE o.{key} = m.{key} AND {held} RETURNING m.place",
                _ =>
                    $"""
                    DELETE FROM {names.Outbox} o USING marks m WHERE o.{key} = m.{key} AND {held} RETURNING m.place, o.*
                    ),
                    archived AS (
                        {Archive(names, "changed", "claim_token")}
                    """,
            },
            AlreadySent);

    private static Statements RetrySql(PostgresNames names, bool byNumber) =>
        Sql(
            names,
            byNumber,
            columns: ", attempts, delay, error_code, error_message",
            arrays: ", $3::integer[], $4::interval[], $5::text[], $6::text[]",
            Update(names, """
                status = 'pending', attempts = m.attempts, claim_token = NULL, claimed_at = NULL, lease_until = NULL, released_token = m.token,
                available_at = CASE WHEN m.delay > '0' THEN now() + m.delay ELSE least(o.available_at, now()) END,
                error_code = coalesce(m.error_code, o.error_code),
                error_message = CASE WHEN m.error_code IS NULL THEN o.error_message ELSE m.error_message END
                """),
            already: "o.status || '' = 'pending' AND o.released_token = m.token AND o.attempts = m.attempts");

    private static Statements ParkSql(PostgresNames names, bool byNumber) =>
        Sql(
            names,
            byNumber,
            columns: ", attempts, error_code, error_message",
            arrays: ", $3::integer[], $4::text[], $5::text[]",
            Update(names, """
                status = 'failed', failed_at = now(), skipped_at = NULL, attempts = m.attempts, claim_token = NULL, claimed_at = NULL,
                lease_until = NULL, released_token = m.token, error_code = m.error_code, error_message = m.error_message
                """),
            already: "o.status || '' = 'failed' AND o.released_token = m.token");

    private static Func<string, string, string> Update(PostgresNames names, string set) => (key, held) =>
        $"UPDATE {names.Outbox} o SET {set} FROM marks m WHERE o.{key} = m.{key} AND {held} RETURNING m.place";

    private static Statements Sql(
        PostgresNames names, bool byNumber, string columns, string arrays, Func<string, string, string> change, string already)
    {
        var key = Key(byNumber);
        return new Statements(
            $"""
            {MarksSql(byNumber, columns, arrays)},
            changed AS (
                {change(key, Held(byNumber))}
            )
            SELECT place FROM changed
            """,
            FindSql(names, byNumber, columns, arrays, already));
    }

    private static string FindSql(PostgresNames names, bool byNumber, string columns, string arrays, string already)
    {
        var key = Key(byNumber);
        return $"{MarksSql(byNumber, columns, arrays)} SELECT m.place FROM marks m JOIN {names.Outbox} o ON o.{key} = m.{key} WHERE {already}";
    }

    private static string MarksSql(bool byNumber, string columns, string arrays) =>
        $"""
        WITH marks AS (
            SELECT * FROM unnest($1::{(byNumber ? "bigint" : "text")}[], $2::text[]{arrays}) WITH ORDINALITY AS m ({Key(byNumber)}, token{columns}, place)
        )
        """;

    private static string Key(bool byNumber) => byNumber ? "row_id" : "event_id";

    // The right without a token holds on a pending row that nobody has claimed; such marks have no number.
    private static string Held(bool byNumber) => byNumber
        ? "o.status || '' = 'publishing' AND o.claim_token = m.token"
        : "((o.status || '' = 'publishing' AND o.claim_token = m.token) OR (m.token IS NULL AND o.status || '' = 'pending' AND o.claim_token IS NULL))";

    /// <summary>A kind of mark.</summary>
    /// <param name="ByNumber">For rows with a number.</param>
    /// <param name="ById">For rows without.</param>
    internal sealed record Mark(Statements ByNumber, Statements ById);

    /// <summary>How rows are marked.</summary>
    /// <param name="Apply">Marks the rows whose tokens hold.</param>
    /// <param name="FindDone">Finds those that the very same mark has changed before.</param>
    internal sealed record Statements(string Apply, string FindDone);
}
