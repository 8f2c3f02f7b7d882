namespace Relaybox.MySql;

/// <summary>
/// The statements that record outcomes: one for a whole batch, conditional on each row's own token. Without a token a mark holds on a
/// pending row.
/// </summary>
/// <param name="names">The tables.</param>
internal sealed class OutboxMarks(MySqlNames names)
{
    private const string Holds = "((o.status = 'publishing' AND o.claim_token = m.token) OR (o.status = 'pending' AND m.token IS NULL))";

    private const string ItsLeaseIsOver = "o.unfinished = 0, o.claim_token = NULL, o.claimed_at = NULL, o.lease_until = NULL";

    // A delay can reach beyond the last time that the server knows.
    private readonly string _afterDelay =
        $"""
        CASE WHEN m.delay <= 0 THEN LEAST(o.available_at, {names.Now})
             WHEN m.delay >= TIMESTAMPDIFF(MICROSECOND, {names.Now}, '9999-12-31') THEN '9999-12-31'
             ELSE {names.Now} + INTERVAL m.delay MICROSECOND END
        """;

    /// <summary>The row keeps the token that sent it, so that a repeated call recognizes its own work.</summary>
    internal string Sent =>
        $"""
        o.status = 'sent', o.sent_at = {names.Now}, o.unfinished = 0, o.claimed_at = NULL, o.lease_until = NULL,
        o.error_code = NULL, o.error_message = NULL, o.reserve = NULL
        """;

    /// <summary>The same for rows that this transaction has locked, which have no token.</summary>
    internal string SentUnderLock => $"{Sent}, o.claim_token = NULL";

    internal static string IsSent => "o.status = 'sent' AND (m.token IS NULL OR o.claim_token = m.token)";

    internal string Retry =>
        $"""
        o.status = 'pending', o.attempts = m.attempts, {ItsLeaseIsOver}, o.released_token = m.token, o.available_at = {_afterDelay},
        o.error_message = CASE WHEN m.error_code IS NULL THEN o.error_message ELSE m.error_message END,
        o.error_code = COALESCE(m.error_code, o.error_code)
        """;

    internal static string IsRetried => "o.status = 'pending' AND o.released_token = m.token AND o.attempts = m.attempts";

    internal string Park =>
        $"""
        o.status = 'failed', o.failed_at = {names.Now}, o.skipped_at = NULL, o.shelved_at = NULL, o.attempts = m.attempts, {ItsLeaseIsOver},
        o.released_token = m.token, o.error_code = m.error_code, o.error_message = m.error_message
        """;

    internal static string IsParked => "o.status = 'failed' AND o.released_token = m.token";

    /// <summary>
    /// The statement that changes the rows of marks whose tokens hold. Where rows of one claim are sent it does without the table of the
    /// marks: to read that takes the server longer than to write the rows.
    /// </summary>
    internal string Update(MarkTable marks, string set) => set == Sent && marks.CommonToken is { } token
        ? $"UPDATE {names.Outbox} o FORCE INDEX (PRIMARY) SET {set} WHERE {IsClaimed(marks, token)}"
        : $"UPDATE {From(marks)} SET {set} WHERE {Holds} AND {marks.IsOfRows("o")}";

    /// <summary>The places of the marks of which something holds.</summary>
    internal string Places(MarkTable marks, string condition) => $"SELECT m.place FROM {From(marks)} WHERE {condition} AND {marks.IsOfRows("o")}";

    /// <summary>
    /// The mark's place, and the number and key of its row, where the mark's token holds. Locks the rows. The place is null where the
    /// number tells it.
    /// </summary>
    internal string Held(MarkTable marks) => marks.CommonToken is { } token
        ? $"SELECT NULL, o.row_id, o.ordering_key FROM {names.Outbox} o FORCE INDEX (PRIMARY) WHERE {IsClaimed(marks, token)} FOR UPDATE"
        : $"SELECT m.place, o.row_id, o.ordering_key FROM {From(marks)} WHERE {Holds} AND {marks.IsOfRows("o")} FOR UPDATE";

    private static string IsClaimed(MarkTable marks, string token) =>
        $"o.status = 'publishing' AND o.claim_token = {token} AND {marks.IsOfRows("o")}";

    private string From(MarkTable marks) => $"{marks.Sql} STRAIGHT_JOIN {names.Outbox} o FORCE INDEX (PRIMARY) ON o.row_id = m.row_id";
}
