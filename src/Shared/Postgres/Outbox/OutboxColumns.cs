using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>A row of the outbox table and what it says.</summary>
internal static class OutboxColumns
{
    /// <summary>How many columns <see cref="ClaimColumns"/> has.</summary>
    internal const int ClaimColumnCount = 13;

    /// <summary>
    /// The columns that <see cref="ReadClaim"/> and <see cref="ReadRow"/> read, in their order. A time that is no time of the
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

    private static string Columns(string alias, Func<string, string> content) =>
        $"""
        {alias}.row_id, {alias}.event_id, {alias}.subject, {content("payload")}, {content("headers")}, {alias}.ordering_key, {content("result")},
        {alias}.attempts, {alias}.claim_token, {Time("enqueued_at")},
        CASE WHEN {alias}.available_at <> {alias}.enqueued_at THEN {Time("available_at")} END AS available_at
        """.Replace("%", alias, StringComparison.Ordinal);

    /// <summary>The further columns of <see cref="ReadRow"/>.</summary>
    internal static string StateColumns(string alias) =>
        $"""
        {alias}.status, {Time("claimed_at")}, {Time("sent_at")}, {Time("failed_at")}, {alias}.error_code, {alias}.error_message,
        CASE {alias}.status WHEN 'pending' THEN {Time("available_at")} WHEN 'publishing' THEN {Time("lease_until")} END AS due_at,
        {Time("shelved_at")}
        """.Replace("%", alias, StringComparison.Ordinal);

    /// <summary>Reads a row as it is; where the contract has to hold use <see cref="ReadClaim"/>.</summary>
    internal static OutboxRow ReadRow(NpgsqlDataReader reader) =>
        new(
            ReadEvent(reader) with { Headers = HeadersText.Read(Text(reader, 4)) ?? OutboxEvent.EmptyHeaders },
            OutboxStatusText.Parse(Text(reader, 11)))
        {
            Attempts = Attempts(reader),
            Token = new ClaimToken(Text(reader, 8), reader.GetInt64(0)),
            ClaimedAt = TimeAt(reader, 12),
            SentAt = TimeAt(reader, 13),
            FailedAt = TimeAt(reader, 14),
            ErrorCode = Text(reader, 15),
            ErrorMessage = Text(reader, 16),
            DueAt = TimeAt(reader, 17),
            ShelvedAt = TimeAt(reader, 18),
        };

    /// <summary>Reads a claimed row, checked against the contract, so that a bad one is parked and not guessed at.</summary>
    internal static OutboxClaim ReadClaim(NpgsqlDataReader reader, ClaimLimit limit)
    {
        var (bytes, unfinished) = (reader.GetInt64(11), reader.GetInt32(12));
        var headers = HeadersText.Read(Text(reader, 4));
        var row = ReadEvent(reader) with { Headers = headers ?? OutboxEvent.EmptyHeaders };
        var violation = OutboxClaim.CheckWeight(limit, bytes, unfinished)
            ?? CheckNulls(reader)
            ?? (headers is null
                ? new RowViolation(ErrorCodes.HeadersInvalid, "The column 'headers' must hold a JSON object of strings, each name once.")
                : RowContract.Check(row));
        return new OutboxClaim(row.EventId, new ClaimToken(Text(reader, 8), reader.GetInt64(0)), Attempts(reader))
        {
            Event = violation is null ? row : null,
            OrderingKey = row.OrderingKey,
            Bytes = bytes,
            Unfinished = unfinished,
            Violation = violation,
        };
    }

    private static OutboxEvent ReadEvent(NpgsqlDataReader reader) => new()
    {
        EventId = Text(reader, 1) ?? "",
        Subject = Text(reader, 2) ?? "",
        Payload = Text(reader, 3) ?? "",
        OrderingKey = Text(reader, 5),
        Result = Text(reader, 6),
        EnqueuedAt = TimeAt(reader, 9),
        AvailableAt = TimeAt(reader, 10),
    };

    private static RowViolation? CheckNulls(NpgsqlDataReader reader) =>
        reader.IsDBNull(1) ? new(ErrorCodes.EventIdInvalid, "The column 'event_id' must not be null.")
        : reader.IsDBNull(2) ? new(ErrorCodes.SubjectInvalid, "The column 'subject' must not be null.")
        : reader.IsDBNull(3) ? new(ErrorCodes.PayloadInvalid, "The column 'payload' must not be null.")
        : null;

    private static string Time(string column) =>
        $"CASE WHEN %.{column} IS NOT NULL THEN least(greatest(%.{column}, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END";

    private static int Attempts(NpgsqlDataReader reader) => reader.IsDBNull(7) ? 0 : reader.GetInt32(7);

    private static string? Text(NpgsqlDataReader reader, int i) => reader.IsDBNull(i) ? null : reader.GetString(i);

    private static DateTimeOffset? TimeAt(NpgsqlDataReader reader, int i) =>
        reader.IsDBNull(i) ? null : new DateTimeOffset(DateTime.SpecifyKind(reader.GetDateTime(i), DateTimeKind.Utc));
}
