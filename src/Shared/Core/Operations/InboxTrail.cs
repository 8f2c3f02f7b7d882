using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Operations;

/// <summary>What the consumers did with an event, in sentences.</summary>
/// <param name="inbox">The inbox.</param>
/// <param name="consumers">Whose records an event has.</param>
/// <param name="operations">The replays that have had events handled again.</param>
internal sealed class InboxTrail(IInboxRepository inbox, InboxConsumers consumers, OperationStore operations)
{
    private const int MostReplays = 10;

    /// <summary>Reads the records of an event: of its own publication, and of the newest replays that had it handled again.</summary>
    /// <param name="outboxEvent">The event, which was sent.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> TellAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        List<string> names = [.. consumers.Of(outboxEvent.Subject).Distinct(StringComparer.Ordinal)];
        if (names.Count == 0)
        {
            return ["No handler here takes its subject."];
        }

        var sentences = new List<string>();
        foreach (var name in names)
        {
            var record = await inbox.FindAsync(new InboxKey(name, outboxEvent.EventId), cancellationToken);
            sentences.Add(record is null
                ? $"The consumer {name} has no record of it: its message is on its way or a dead letter, or it was handled longer ago than the "
                    + "inbox remembers."
                : Tell($"The consumer {name}", record));
            if (record is { Status: InboxStatus.Failed })
            {
                sentences.Add(
                    "Its message comes back, or is a dead letter once its attempts are used up. Then, where the cause is gone: "
                    + $"relaybox dead-letters redrive id:{outboxEvent.EventId}");
            }
        }

        var replays = (await operations.ListAsync(cancellationToken)).Where(operation => operation.Action == RowAction.Reprocess);
        foreach (var replay in replays.Take(MostReplays))
        {
            foreach (var name in names)
            {
                if (await inbox.FindAsync(new InboxKey(name, outboxEvent.EventId, replay.Id), cancellationToken) is { } record)
                {
                    sentences.Add($"Replayed by the operation {replay.Id}: {Tell($"the consumer {name}", record)}");
                }
            }
        }

        return sentences;

        static string Tell(string name, InboxRecord record) => record.Status switch
        {
            InboxStatus.Processed => $"{name} has handled it{RowExplanation.At(record.ProcessedAt)}.{TellEmitted(record.Emitted)}",
            InboxStatus.Processing =>
                $"{name} has it in hand, in attempt {record.Deliveries}, until {RowExplanation.Time(record.LeaseUntil)} at most.",
            _ => $"{name} failed in attempt {record.Deliveries}{RowExplanation.At(record.FailedAt)}: {record.ErrorCode}"
                + RowExplanation.Text(record.ErrorMessage),
        };
    }

    private static string TellEmitted(EmittedEvents? emitted)
    {
        if (emitted is not { EventIds: [var first, ..] ids })
        {
            return "";
        }

        return emitted.Count == 1
            ? $" It emitted the event {first}. To follow that one: relaybox why {first}"
            : $" It emitted the events {List()}. To follow one of them: relaybox why {first}";

        string List() => emitted.Count > ids.Count
            ? $"{string.Join(", ", ids)} and {emitted.Count - ids.Count} more"
            : $"{string.Join(", ", ids.SkipLast(1))} and {ids[^1]}";
    }
}
