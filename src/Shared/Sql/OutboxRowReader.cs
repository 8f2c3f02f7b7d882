using System.Data.Common;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Sql;

/// <summary>
/// Reads rows of the outbox. The columns come in this order: 0 row_id, 1 event_id, 2 subject, 3 payload, 4 headers, 5 ordering_key,
/// 6 result, 7 attempts, 8 claim_token, 9 enqueued_at, 10 available_at. A claim has 11 octets, 12 unfinished behind them; a row has
/// 11 status, 12 claimed_at, 13 sent_at, 14 failed_at, 15 error_code, 16 error_message, 17 due_at, 18 shelved_at, 19 skipped_at.
/// </summary>
internal static class OutboxRowReader
{
    /// <summary>How many columns a claim has.</summary>
    internal const int ClaimColumnCount = 13;

    /// <summary>How many columns a row has.</summary>
    internal const int RowColumnCount = 20;

    /// <summary>Reads a row as it is; where the contract has to hold use <see cref="ReadClaim"/>.</summary>
    internal static OutboxRow ReadRow(DbDataReader reader) =>
        new(
            ReadEvent(reader) with { Headers = HeadersText.Read(Columns.Text(reader, 4)) ?? OutboxEvent.EmptyHeaders },
            OutboxStatusText.Parse(Columns.Text(reader, 11)))
        {
            Attempts = Attempts(reader),
            Token = TokenOf(reader),
            ClaimedAt = Columns.Time(reader, 12),
            SentAt = Columns.Time(reader, 13),
            FailedAt = Columns.Time(reader, 14),
            ErrorCode = Columns.Text(reader, 15),
            ErrorMessage = Columns.Text(reader, 16),
            DueAt = Columns.Time(reader, 17),
            ShelvedAt = Columns.Time(reader, 18),
            SkippedAt = Columns.Time(reader, 19),
        };

    /// <summary>Reads a claimed row, checked against the contract, so that a bad one is parked and not guessed at.</summary>
    internal static OutboxClaim ReadClaim(DbDataReader reader, ClaimLimit limit)
    {
        var (bytes, unfinished) = (reader.GetInt64(11), reader.GetInt32(12));
        var headers = HeadersText.Read(Columns.Text(reader, 4));
        var row = ReadEvent(reader) with { Headers = headers ?? OutboxEvent.EmptyHeaders };
        var violation = OutboxClaim.CheckWeight(limit, bytes, unfinished)
            ?? CheckTexts(row, reader)
            ?? (headers is null
                ? new RowViolation(ErrorCodes.HeadersInvalid, "The column 'headers' must hold a JSON object of strings, each name once.")
                : RowContract.Check(row));
        return new OutboxClaim(row.EventId, TokenOf(reader), Attempts(reader))
        {
            Event = violation is null ? row : null,
            OrderingKey = row.OrderingKey,
            Bytes = bytes,
            Unfinished = unfinished,
            Violation = violation,
        };
    }

    private static OutboxEvent ReadEvent(DbDataReader reader) => new()
    {
        EventId = Columns.Text(reader, 1) ?? "",
        Subject = Columns.Text(reader, 2) ?? "",
        Payload = Columns.Text(reader, 3) ?? "",
        OrderingKey = Columns.Text(reader, 5),
        Result = Columns.Text(reader, 6),
        EnqueuedAt = Columns.Time(reader, 9),
        AvailableAt = Columns.Time(reader, 10),
    };

    private static RowViolation? CheckTexts(OutboxEvent row, DbDataReader reader) =>
        Columns.Text(reader, 1) is null ? new(ErrorCodes.EventIdInvalid, "The column 'event_id' must hold UTF-8 text.")
        : reader.IsDBNull(2) ? new(ErrorCodes.SubjectInvalid, "The column 'subject' must not be null.")
        : reader.IsDBNull(3) ? new(ErrorCodes.PayloadInvalid, "The column 'payload' must not be null.")
        : row.OrderingKey is null && !reader.IsDBNull(5) ? new(ErrorCodes.OrderingKeyInvalid, "The column 'ordering_key' must hold UTF-8 text.")
        : null;

    private static int Attempts(DbDataReader reader) => reader.IsDBNull(7) ? 0 : reader.GetInt32(7);

    private static ClaimToken TokenOf(DbDataReader reader) => new(Columns.Text(reader, 8), reader.GetInt64(0));
}
