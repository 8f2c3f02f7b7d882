using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Inbox;

// Messages whose payload is in the payload store. It is fetched before the message is claimed: the inbox compares payloads, and an outage of
// the payload store then costs no attempt. Nothing of this runs for a batch without such a message.
internal sealed partial class InboxConsumer
{
    private readonly Backoff _payloadBackoff = new(options.FirstRetryDelay, options.LongestRetryDelay, entropy);

    // In rounds, each with as many payloads as there is memory for; what a round has handled is forgotten before the next.
    private async Task<IReadOnlyList<MessageOutcome>> ConsumeResolvedAsync(
        IReadOnlyList<InboxMessage> messages, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        if (!messages.Any(message => PayloadReference.IsIn(message.Event)))
        {
            return await ConsumeAsync(messages, deadline, cancellationToken);
        }

        var outcomes = new MessageOutcome?[messages.Count];
        var references = new PayloadReference?[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            (references[i], outcomes[i]) = ReadReference(messages[i].Event);
        }

        var blocked = new HashSet<string>(StringComparer.Ordinal);
        var start = 0;
        while (start < messages.Count)
        {
            var end = EndOfRound(references, start);
            await RunRoundAsync(start..end, messages, references, outcomes, blocked, deadline, cancellationToken);
            start = end;
        }

        return outcomes!;
    }

    private (PayloadReference? Reference, MessageOutcome? Outcome) ReadReference(OutboxEvent outboxEvent)
    {
        if (!PayloadReference.IsIn(outboxEvent))
        {
            return default;
        }

        try
        {
            var reference = ClaimCheck.Read(claimCheck, outboxEvent);
            return reference.Bytes <= options.PayloadBytes ? (reference, null) : (null, new MessageOutcome.DeadLetter(
                ErrorCodes.PayloadTooLarge,
                $"The payload has {reference.Bytes} bytes; with the memory of this function it can handle {options.PayloadBytes}. "
                + "Give the consumer more memory (template.yaml: ConsumeMemoryMB), and redrive the message."));
        }
        catch (MessageFormatException e)
        {
            return (null, new MessageOutcome.DeadLetter(e.Code, e.Message));
        }
    }

    private int EndOfRound(PayloadReference?[] references, int start)
    {
        var bytes = 0L;
        var end = start;
        for (; end < references.Length; end++)
        {
            bytes += references[end]?.Bytes ?? 0;
            if (end > start && bytes > options.PayloadBytes)
            {
                break;
            }
        }

        return end;
    }

    private async Task RunRoundAsync(
        Range round,
        IReadOnlyList<InboxMessage> messages,
        PayloadReference?[] references,
        MessageOutcome?[] outcomes,
        HashSet<string> blocked,
        WorkDeadline deadline,
        CancellationToken cancellationToken)
    {
        var (start, length) = round.GetOffsetAndLength(messages.Count);
        var resolved = messages.Skip(start).Take(length).ToArray();
        using (var scope = deadline.Before(options.MinimumHandlerTime).BeginScope(cancellationToken))
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, length).Where(i => references[start + i] is not null),
                new ParallelOptions
                {
                    MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Current,
                },
                async (i, _) => (resolved[i], outcomes[start + i]) = await ResolveAsync(
                    resolved[i], references[start + i]!, scope.Token, cancellationToken));
        }

        var ready = new List<int>(length);
        for (var i = 0; i < length; i++)
        {
            if (resolved[i].GroupId is { } group && !blocked.Contains(group) && outcomes[start + i] is MessageOutcome.Retry)
            {
                blocked.Add(group);
            }
            else if (resolved[i].GroupId is { } waiting && blocked.Contains(waiting) && outcomes[start + i] is not MessageOutcome.DeadLetter)
            {
                outcomes[start + i] = new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.GroupBlocked);
            }
            else if (outcomes[start + i] is null)
            {
                ready.Add(i);
            }
        }

        var handled = await ConsumeAsync(ready.ConvertAll(i => resolved[i]), deadline, cancellationToken);
        for (var i = 0; i < ready.Count; i++)
        {
            outcomes[start + ready[i]] = handled[i];
            if (handled[i] is MessageOutcome.Retry && resolved[ready[i]].GroupId is { } group)
            {
                blocked.Add(group);
            }
        }
    }

    private async Task<(InboxMessage Message, MessageOutcome? Outcome)> ResolveAsync(
        InboxMessage message, PayloadReference reference, CancellationToken untilDeadline, CancellationToken cancellationToken)
    {
        try
        {
            return (message with { Event = await claimCheck!.CheckOutAsync(reference, message.Event, untilDeadline) }, null);
        }
        catch (MessageFormatException e)
        {
            return (message, new MessageOutcome.DeadLetter(e.Code, e.Message));
        }
        catch (Exception e) when (!MemoryFault.IsIn(e) && !cancellationToken.IsCancellationRequested)
        {
            Log.PayloadUnread(logger, message.MessageId, ClaimCheck.WhyAway(e, untilDeadline));

            // The transport counts receives, and gives up after some: the longer an outage lasts, the longer is each wait.
            return (message, new MessageOutcome.Retry(_payloadBackoff.After(message.Receives), ErrorCodes.PayloadStoreUnavailable));
        }
    }
}
