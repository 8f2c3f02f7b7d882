using System.Data.Common;
using Relaybox.Inbox;

namespace Relaybox.Sql;

/// <summary>Reads records of the inbox.</summary>
internal static class InboxRowReader
{
    /// <summary>
    /// Reads what a refused claim has to know; null where there is no record. The columns, from <paramref name="first"/> on: status,
    /// deliveries, unfinished, claim_token, begun_token, payload_hash, lease_until.
    /// </summary>
    internal static RefusedRecord? ReadRefused(DbDataReader reader, int first) => reader.IsDBNull(first) ? null : new RefusedRecord(
        InboxStatusText.Parse(reader.GetString(first)),
        reader.GetInt32(first + 1),
        reader.GetInt32(first + 2),
        Columns.Text(reader, first + 3),
        Columns.Text(reader, first + 4),
        reader.IsDBNull(first + 5) ? (ReadOnlyMemory<byte>?)null : reader.GetFieldValue<byte[]>(first + 5),
        Columns.Time(reader, first + 6));

    /// <summary>
    /// Reads a record. The columns: 0 status, 1 deliveries, 2 subject, 3 received_at, 4 processed_at, 5 failed_at, 6 lease_until,
    /// 7 stream, 8 stream_sequence, 9 error_code, 10 error_message, 11 unfinished, 12 emitted.
    /// </summary>
    internal static InboxRecord ReadRecord(InboxKey key, DbDataReader reader) => new(
        key, InboxStatusText.Parse(reader.GetString(0)), reader.GetInt32(1))
    {
        Subject = Columns.Text(reader, 2),
        ReceivedAt = Columns.Time(reader, 3),
        ProcessedAt = Columns.Time(reader, 4),
        FailedAt = Columns.Time(reader, 5),
        LeaseUntil = Columns.Time(reader, 6),
        Stream = Columns.Text(reader, 7),
        StreamSequence = reader.IsDBNull(8) ? null : reader.GetInt64(8),
        ErrorCode = Columns.Text(reader, 9),
        ErrorMessage = Columns.Text(reader, 10),
        Unfinished = reader.GetInt32(11),
        Emitted = EmittedEvents.Read(Columns.Text(reader, 12)),
    };
}
