using Npgsql;
using Relaybox.Inbox;

namespace Relaybox.Stores.Postgres;

/// <summary>A record that a claim did not get, as it was a moment later; without a status there is none.</summary>
internal readonly record struct RefusedRecord(
    string? Status, int Deliveries, string? Token, byte[]? PayloadHash, DateTimeOffset? LeaseUntil, DateTimeOffset Now)
{
    internal static RefusedRecord Read(NpgsqlDataReader reader) => new(
        Columns.Text(reader, 1),
        reader.IsDBNull(2) ? 0 : reader.GetInt32(2),
        Columns.Text(reader, 3),
        reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4),
        Columns.Time(reader, 5),
        Columns.Time(reader, 6)!.Value);

    /// <summary>What the record says about a claim under a token; null where it can be claimed now.</summary>
    internal InboxClaim? Decide(string consumer, InboxMessage message, string token, int maxAttempts)
    {
        if (Status is null)
        {
            // Deleted since, or not yet visible.
            return null;
        }

        var status = InboxStatusText.Parse(Status);
        if (Token == token && status == InboxStatus.Processing)
        {
            // Our claim was applied and its answer lost.
            return new InboxClaim.Claimed(consumer, message.Event.EventId, token, Deliveries);
        }

        if (PayloadHash is { } hash && !hash.AsSpan().SequenceEqual(message.PayloadHash.Span))
        {
            return new InboxClaim.Conflict();
        }

        return status switch
        {
            InboxStatus.Processed => new InboxClaim.AlreadyProcessed(),
            InboxStatus.Processing when LeaseUntil > Now => new InboxClaim.InProgress(LeaseUntil.Value),
            InboxStatus.Processing or InboxStatus.Failed => Deliveries >= maxAttempts ? new InboxClaim.Exhausted(Deliveries) : null,

            // Not ours to touch, and not decided.
            _ => new InboxClaim.InProgress(Now),
        };
    }
}
