using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

// What must come true once nothing goes wrong any more.
internal sealed partial class World
{
    private bool IsClearingUp { get; set; }

    internal bool IsRelayed() => Unsent().Any() is false;

    internal string NotRelayed() => string.Join(", ", Unsent());

    internal bool IsHandled() => !Unhandled().Any();

    internal string NotHandled() => string.Join(", ", Unhandled());

    /// <summary>Every event that the broker has was handled by everybody, or is dead.</summary>
    internal void CheckEnd()
    {
        var dead = Dead.Select(letter => letter.Event?.EventId ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var (eventId, fate) in Checker.Fates)
        {
            var written = fate.Written;
            if (fate.Copies > 0 && !dead.Contains(eventId))
            {
                foreach (var consumer in Checker.ConsumersOf(written.Event.Subject))
                {
                    Checker.Require(fate.Successes.ContainsKey(consumer), "L2", $"'{eventId}' is neither handled by {consumer} nor dead");
                }
            }

            foreach (var replay in fate.Replays.Keys.Where(_ => !dead.Contains(eventId)))
            {
                foreach (var consumer in Checker.ConsumersOf(written.Event.Subject))
                {
                    Checker.Require(
                        fate.Successes.ContainsKey(Checker.NameOf(consumer, replay)),
                        "L2",
                        $"replay {replay} of '{eventId}' is neither handled nor dead");
                }
            }

            foreach (var consumer in fate.Successes.Keys)
            {
                Checker.Require(
                    InboxTable.Effects.GetValueOrDefault($"{consumer}:{eventId}") == 1,
                    "S5",
                    $"the effect of '{eventId}' for {consumer} did not happen once");
            }

            Checker.Require(
                !Options.IsMongo || written.IsForeign || eventId.StartsWith("mail-", StringComparison.Ordinal)
                    || InboxTable.Effects.GetValueOrDefault(BusinessOf(eventId)) == 1,
                "S3",
                $"what the app wrote with '{eventId}' is not there once");
            Checker.Require(!written.IsRefused || fate.Copies == 0, "S2", $"the broker has '{eventId}', which it refuses");
            Checker.Require(!written.IsFatal || fate.Copies == 0, "S2", $"the broker has '{eventId}', which ends each process that publishes it");
            Checker.Require(!written.IsPoison || fate.Successes.Count == 0, "S4", $"'{eventId}', whose handlers always fail, succeeded");
            Checker.Require(
                written.IsForeign || OutboxTable.Find(eventId) is not null || fate.IsDeleted, "S1", $"'{eventId}' is gone");
        }

        foreach (var replay in Operations.Where(operation => operation.Action == RowAction.Reprocess))
        {
            Checker.Require(
                Checker.Fates.Values.Count(fate => fate.Replays.ContainsKey(replay.Id)) >= replay.Applied,
                "S12",
                $"the operation {replay.Id} says that it has replayed {replay.Applied} events, and the broker has fewer");
        }

        foreach (var (business, count) in InboxTable.Effects.Where(effect => effect.Key.StartsWith("app:", StringComparison.Ordinal)))
        {
            Checker.Require(
                count == 0 || Checker.Fates.ContainsKey(business[4..]), "S3", $"what the app wrote is there without its event '{business[4..]}'");
        }

        foreach (var effect in InboxTable.Effects.Keys)
        {
            var parts = effect.Split(':', 2);
            if (parts[0] == "app")
            {
                continue;
            }

            Checker.Require(Checker.Of(parts[1]).Successes.ContainsKey(parts[0]), "S5", $"{effect} happened without a success");
        }
    }

    /// <summary>No claim is left whose lease is over, no operation, and no operator who could begin one.</summary>
    internal bool IsReleased() =>
        !InboxTable.Records.Any(record => record.Parsed == InboxStatus.Processing)
        && !OutboxTable.Rows.Any(row => row.Parsed == OutboxStatus.Publishing)
        && HaveOperationsEnded()
        && !_operators.Exists(slot => slot.IsBusy);

    /// <summary>From here on only the cleanup goes on.</summary>
    internal void ClearUp() => IsClearingUp = true;

    internal bool IsClean() =>
        !InboxTable.Records.Any(record => record.Parsed is InboxStatus.Processed or InboxStatus.Failed)
        && !OutboxTable.Rows.Any(row => row.Parsed == OutboxStatus.Sent);

    private IEnumerable<string> Unsent() => OutboxTable.Rows
        .Where(row => row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing)
        .Select(row => $"{row.EventId} ({row.Status}, due {row.DueAt:HH:mm:ss}, attempts {row.Attempts})");

    private IEnumerable<string> Unhandled() => Options.IsQueue
        ? Queue.Messages.Select(message => $"{message.MessageId} (received {message.Receives} times)")
        : Stream.Waiting.Select(message => $"{message.Event.EventId} (delivered {message.Deliveries} times)");
}
