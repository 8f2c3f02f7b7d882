using Npgsql;
using Relaybox.Inbox;

namespace Relaybox.Postgres;

/// <summary>A record that a claim did not get, as it was a moment later; without a status there is none.</summary>
internal readonly record struct RefusedRecord(
    string? Status, int Deliveries, int Unfinished, string? Token, string? BegunToken, byte[]? PayloadHash, DateTimeOffset? LeaseUntil, DateTimeOffset Now)
{
    internal static RefusedRecord Read(NpgsqlDataReader reader) => new(
        Columns.Text(reader, 1),
        reader.IsDBNull(2) ? 0 : reader.GetInt32(2),
        reader.IsDBNull(3) ? 0 : reader.GetInt32(3),
        Columns.Text(reader, 4),
        Columns.Text(reader, 5),
        reader.IsDBNull(6) ? null : reader.GetFieldValue<byte[]>(6),
        Columns.Time(reader, 7),
        Columns.Time(reader, 8)!.Value);

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
            // Our claim was applied and its answer lost. One that counts with its start is told as if it had started.
            var begun = BegunToken == token ? 1 : 0;
            return new InboxClaim.Claimed(consumer, message.Event.EventId, token, Deliveries + 1 - begun) { Unfinished = Unfinished - begun };
        }

        if (PayloadHash is { } hash && !hash.AsSpan().SequenceEqual(message.PayloadHash.Span))
        {
            return new InboxClaim.Conflict();
        }

        return status switch
        {
            InboxStatus.Processed => new InboxClaim.AlreadyProcessed(),
            InboxStatus.Processing when LeaseUntil > Now => new InboxClaim.InProgress(LeaseUntil.Value),
            InboxStatus.Processing or InboxStatus.Failed => Deliveries >= maxAttempts || Unfinished >= InboxClaim.MaxUnfinished
                ? new InboxClaim.Exhausted(Deliveries) { Unfinished = Unfinished }
                : null,

            // Not ours to touch, and not decided.
            _ => new InboxClaim.InProgress(Now),
        };
    }
}
