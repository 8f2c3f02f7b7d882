using Relaybox.Events;
using Relaybox.Simulation.Model;
using Relaybox.Sqs;

namespace Relaybox.Simulation.World;

// Dead letters: what became of them when an operator sends them back, and which of them must be handled at last.
internal sealed partial class World
{
    private readonly HashSet<string> _copiedToDead = new(StringComparer.Ordinal);

    /// <summary>What nobody could handle: moved by the queue, or copied by the consumer.</summary>
    internal ModelQueue DeadLetters => Queue.Dead!;

    /// <summary>Whether the handlers that failed because of a bug have been deployed without it.</summary>
    internal bool AreHandlersMended => Faults.IsHealed || Loop.Elapsed > Options.Storm * 0.6;

    private bool IsReviving { get; set; }

    /// <summary>From here on operators send back what only a bug or a fault made a dead letter.</summary>
    internal void Revive() => IsReviving = true;

    /// <summary>Whether none of those is dead any more.</summary>
    internal bool IsRevived() => !Revivable().Any();

    internal string NotRevived() => string.Join(", ", Revivable());

    /// <summary>A dead letter is deleted: nothing may be lost by it.</summary>
    internal void DeleteDeadLetter(string receiptHandle)
    {
        if (DeadLetters.Find(receiptHandle) is not { } letter
            || (letter.ReceiptHandle != receiptHandle && (Options.IsFifo || Dice.Chance(0.5))))
        {
            // SQS may delete by an old receipt, and may not.
            return;
        }

        DeadLetters.Delete(letter);
        Checker.Count("dead letters deleted");
        var e = QueueServer.TryRead(letter.Body, letter.Attributes);
        Checker.Require(
            IsHandled(e) || Queue.Messages.Concat(DeadLetters.Messages).Any(
                other => other.Body == letter.Body && QueueServer.TryRead(other.Body, other.Attributes)?.ReplayId == e?.ReplayId),
            "S13",
            $"the dead letter {letter.MessageId} of '{e?.EventId}' is deleted, and the queue has no copy of it");
    }

    /// <summary>The same of a dead letter of a stream.</summary>
    internal bool DeleteDeadLetter(long sequence)
    {
        if (Stream.Dead.FirstOrDefault(letter => letter.Sequence == sequence) is not { } letter)
        {
            // Somebody else has deleted it.
            return false;
        }

        Stream.DeleteDead(letter);
        Checker.Count("dead letters deleted");
        var id = letter.Event.PublicationId;
        Checker.Require(
            IsHandled(letter.Event)
                || Stream.Waiting.Any(other => other.Event.PublicationId == id) || Stream.Dead.Any(other => other.Event.PublicationId == id),
            "S13",
            $"the dead letter {sequence} of '{id}' is deleted, and the stream has no copy of it");
        return true;
    }

    private bool IsHandled(OutboxEvent? e) => e is not null
        && Checker.Of(e.EventId) is var fate
        && e.SaysTheSameAs(fate.Written.Event)
        && Checker.ConsumersOf(fate.Written.Event.Subject).All(consumer => fate.Successes.ContainsKey(Checker.NameOf(consumer, e.ReplayId)));

    // An event is null where nobody can read it.
    private IEnumerable<(OutboxEvent? Event, string? ErrorCode)> Dead => Options.IsQueue
        ? DeadLetters.Messages.Select(
            letter => (QueueServer.TryRead(letter.Body, letter.Attributes), letter.Attribute(SqsAttributes.ErrorCode)))
        : Stream.Dead.Select(letter => ((OutboxEvent?)letter.Event, (string?)letter.ErrorCode));

    // The event ids of the dead letters that are handled once they are sent back, now that nothing goes wrong.
    private IEnumerable<string> Revivable() => Dead
        .Where(letter => letter.ErrorCode is not (ErrorCodes.EventIdConflict or ErrorCodes.MessageTooOld))
        .Select(letter => letter.Event)
        .OfType<OutboxEvent>()
        .Where(e => Checker.Of(e.EventId).Written is { IsPoison: false } written && e.SaysTheSameAs(written.Event))
        .Select(e => e.EventId);
}
