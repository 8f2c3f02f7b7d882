using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>A row of the outbox table and what it says.</summary>
internal static class OutboxColumns
{
    /// <summary>
    /// The columns that <see cref="OutboxRowReader"/> reads, in their order. A time that is no time of the
    /// calendar (infinity, 4713 BC) is cut to one, so that one row's time cannot spoil the reading of the others.
    /// </summary>
    internal static string Columns(string alias) => Columns(alias, column => $"{alias}.{column}");

    /// <summary>
    /// The columns of a claim. What a row holds stays where it is if it cannot be worked on
    /// (<see cref="OutboxClaim.CheckWeight"/>).
    /// </summary>
    /// <param name="names">The tables.</param>
    /// <param name="alias">The outbox's alias.</param>
    /// <param name="unfinished">How many earlier claims have no outcome.</param>
    /// <param name="mostBytes">The most bytes of a claim.</param>
    internal static string ClaimColumns(PostgresNames names, string alias, string unfinished, string mostBytes)
    {
        var octets = $"{names.Octets}({alias}.payload, {alias}.headers, {alias}.result)";
        var isReadable = $"{octets} <= {mostBytes} AND {unfinished} < {OutboxClaim.MaxUnfinished}";
        return Columns(alias, column => $"CASE WHEN {isReadable} THEN {alias}.{column} END AS {column}")
            + $", {octets} AS octets, {unfinished} AS unfinished";
    }

    /// <summary>The columns of <see cref="OutboxRowReader.ReadRow"/> without payload and result, which can be large.</summary>
    /// <param name="alias">The table's alias.</param>
    /// <param name="isArchived">Whether the table is the archive.</param>
    internal static string ListedColumns(string alias, bool isArchived = false) =>
        $"{Columns(alias, column => column == "headers" ? $"{alias}.headers" : $"NULL::text AS {column}")}, {StateColumns(alias, isArchived)}";

    private static string Columns(string alias, Func<string, string> content) =>
        $"""
        {alias}.row_id, {alias}.event_id, {alias}.subject, {content("payload")}, {content("headers")}, {alias}.ordering_key, {content("result")},
        {alias}.attempts, {alias}.claim_token, {Time("enqueued_at")},
        CASE WHEN {alias}.available_at <> {alias}.enqueued_at THEN {Time("available_at")} END AS available_at
        """.Replace("%", alias, StringComparison.Ordinal);

    /// <summary>The further columns of <see cref="OutboxRowReader.ReadRow"/>.</summary>
    /// <param name="alias">The table's alias.</param>
    /// <param name="isArchived">Whether the table is the archive, which has no parked rows.</param>
    internal static string StateColumns(string alias, bool isArchived = false) =>
        $"""
        {alias}.status, {Time("claimed_at")}, {Time("sent_at")}, {Time("failed_at")}, {alias}.error_code, {alias}.error_message,
        CASE {alias}.status WHEN 'pending' THEN {Time("available_at")} WHEN 'publishing' THEN {Time("lease_until")} END AS due_at,
        {Time("shelved_at")}, {(isArchived ? "NULL::timestamptz" : Time("skipped_at"))}
        """.Replace("%", alias, StringComparison.Ordinal);

    private static string Time(string column) =>
        $"CASE WHEN %.{column} IS NOT NULL THEN least(greatest(%.{column}, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END";
}
