using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>The statements that record outcomes: one for a whole batch, conditional on each row's own token.</summary>
/// <remarks>
/// Each statement takes the rows' numbers and tokens as its first parameters. It returns the place in the batch of every row that
/// it changed, or, for <see cref="Mark.FindDone"/>, of every row that has the mark already. The status is compared as an
/// expression, so that no plan begins with an index on a status: the server's statistics know little of states that last for
/// milliseconds, and such an index can hold many more rows than are marked.
/// </remarks>
internal sealed class OutboxMarks(PostgresNames names, AfterSending afterSending)
{
    // Without a token, the mark holds on a pending row.
    private const string Holds =
        "((o.status || '' = 'publishing' AND o.claim_token = m.token) OR (o.status || '' = 'pending' AND m.token IS NULL))";

    internal Mark Sent { get; } = new(
        MarkSent(names, afterSending, "$1", "$2"),
        Find(names, columns: "", arrays: "", "o.status || '' = 'sent' AND (m.token IS NULL OR o.claim_token = m.token)"));

    internal Mark Retry { get; } = Update(
        names,
        columns: ", attempts, delay, error_code, error_message",
        arrays: ", $3::integer[], $4::interval[], $5::text[], $6::text[]",
        """
        status = 'pending', attempts = m.attempts, unfinished = 0, claim_token = NULL, claimed_at = NULL, lease_until = NULL,
        released_token = m.token,
        available_at = CASE WHEN m.delay > '0' THEN now() + m.delay ELSE least(o.available_at, now()) END,
        error_code = coalesce(m.error_code, o.error_code),
        error_message = CASE WHEN m.error_code IS NULL THEN o.error_message ELSE m.error_message END
        """,
        isDone: "o.status || '' = 'pending' AND o.released_token = m.token AND o.attempts = m.attempts");

    internal Mark Park { get; } = Update(
        names,
        columns: ", attempts, error_code, error_message",
        arrays: ", $3::integer[], $4::text[], $5::text[]",
        """
        status = 'failed', failed_at = now(), skipped_at = NULL, shelved_at = NULL, attempts = m.attempts, unfinished = 0, claim_token = NULL,
        claimed_at = NULL, lease_until = NULL, released_token = m.token, error_code = m.error_code, error_message = m.error_message
        """,
        isDone: "o.status || '' = 'failed' AND o.released_token = m.token");

    /// <summary>The numbers of the rows of the ids $1, in their order; 0 for an id without a row.</summary>
    internal string FindNumbers { get; } =
        $"""
        SELECT coalesce(o.row_id, 0) FROM unnest($1::text[]) WITH ORDINALITY AS m (event_id, place)
        LEFT JOIN {names.Outbox} o ON o.event_id = m.event_id ORDER BY m.place
        """;

    /// <summary>Which of the ids $1 are archived by the tokens $2, or by any if no token is given.</summary>
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

    /// <summary>Marks rows as sent. A relay does this for every row: a function, which a session plans once.</summary>
    internal static string MarkSent(PostgresNames names, AfterSending afterSending, string numbers, string tokens) =>
        $"SELECT place FROM {names.MarkSent}({numbers}, {tokens}, '{Word(afterSending)}')";

    /// <summary>What the schema's functions call it.</summary>
    internal static string Word(AfterSending afterSending) => afterSending switch
    {
        AfterSending.Keep => "keep",
        AfterSending.Delete => "delete",
        _ => "archive",
    };

    private static Mark Update(PostgresNames names, string columns, string arrays, string set, string isDone) => new(
        $"""
        {Marks(columns, arrays)}
        UPDATE {names.Outbox} o SET {set} FROM marks m WHERE o.row_id = m.row_id AND {Holds} RETURNING m.place
        """,
        Find(names, columns, arrays, isDone));

    private static string Find(PostgresNames names, string columns, string arrays, string isDone) =>
        $"{Marks(columns, arrays)} SELECT m.place FROM marks m JOIN {names.Outbox} o ON o.row_id = m.row_id WHERE {isDone}";

    private static string Marks(string columns, string arrays) =>
        $"""
        WITH marks AS (
            SELECT * FROM unnest($1::bigint[], $2::text[]{arrays}) WITH ORDINALITY AS m (row_id, token{columns}, place)
        )
        """;

    /// <summary>A kind of mark.</summary>
    /// <param name="Apply">Marks the rows whose tokens hold.</param>
    /// <param name="FindDone">Finds those that the very same mark has changed before.</param>
    internal sealed record Mark(string Apply, string FindDone);
}
