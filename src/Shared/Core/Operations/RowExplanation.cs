using System.Globalization;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Why a row is not sent, in sentences that say what to do.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="time">The clock.</param>
/// <param name="trail">What consumers did with what was sent; null: this process does not know the consumers.</param>
internal sealed class RowExplanation(IOutboxRepository outbox, IOutboxOperations rows, TimeProvider time, InboxTrail? trail = null)
{
    /// <summary>Explains one row.</summary>
    /// <param name="eventId">Its id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> ExplainAsync(string eventId, CancellationToken cancellationToken)
    {
        if (await outbox.FindAsync(eventId, cancellationToken) is not { } row)
        {
            return
            [
                "The outbox has no row of this id: it was never committed, it was sent and deleted since, or an operator has purged it.",
                "What operators have done: relaybox operations",
            ];
        }

        var now = time.GetUtcNow();
        var sentences = new List<string>();
        switch (row.Status)
        {
            case OutboxStatus.Sent:
                sentences.Add($"It was sent{At(row.SentAt)}: the broker has acknowledged it.");
                sentences.AddRange(trail is null ? [] : await trail.TellAsync(row.Event, cancellationToken));
                break;
            case OutboxStatus.Failed:
                sentences.Add($"It is parked{At(row.FailedAt)}, after {row.Attempts} failed attempts: {row.ErrorCode}{Text(row.ErrorMessage)}");
                sentences.Add($"Where the cause is gone: relaybox redrive id:{eventId}");
                sentences.Add($"To give it up, so that its event is never sent: relaybox purge id:{eventId}");
                if (row.Event.OrderingKey is not null && row.SkippedAt is null && outbox.KeepsOrder)
                {
                    sentences.Add($"It holds back the later rows of its ordering key. To let them go on without it: relaybox skip id:{eventId}");
                }

                break;
            case OutboxStatus.Publishing:
                sentences.Add(row.DueAt > now
                    ? $"A relay has claimed it, and holds it until {Time(row.DueAt)}."
                    : $"A relay had claimed it and is gone: its lease ended{At(row.DueAt)}. The next run of a relay takes it over.");
                break;
            case OutboxStatus.Pending:
                sentences.AddRange(await ExplainPendingAsync(row, now, cancellationToken));
                break;
            default:
                sentences.Add(
                    "Its status is none of the row contract's, so that Relaybox leaves it alone. A row that is to be sent has the status 'pending'.");
                break;
        }

        return sentences;
    }

    private async Task<IEnumerable<string>> ExplainPendingAsync(OutboxRow row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var sentences = new List<string>();
        if (await rows.FindBlockerAsync(row, cancellationToken) is { } blocker)
        {
            sentences.Add($"It waits behind an earlier row of its ordering key, {blocker}. To see why that one is not sent: relaybox why {blocker}");
        }

        if (row.DueAt > now)
        {
            sentences.Add($"It is due at {Time(row.DueAt)}.");
        }
        else if (sentences.Count == 0)
        {
            sentences.Add($"It has been due{(row.DueAt is null ? "" : $" since {Time(row.DueAt)}")}, and waits for the next run of a relay.");
        }

        if (row.Attempts > 0)
        {
            sentences.Add($"{row.Attempts} attempts have failed, the last with {row.ErrorCode}{Text(row.ErrorMessage)}");
        }

        return sentences;
    }

    /// <summary>An error's text as the end of a sentence that has named its code.</summary>
    internal static string Text(string? message) => string.IsNullOrEmpty(message) ? "." : $": {message}";

    /// <summary>When something happened, as the end of a sentence; nothing where that is not known.</summary>
    internal static string At(DateTimeOffset? time) => time is null ? "" : $" at {Time(time)}";

    /// <summary>A time in words of this explanation: UTC, to the second.</summary>
    internal static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";
}
