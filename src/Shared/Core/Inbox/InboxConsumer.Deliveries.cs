using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Inbox;

// The way of a batch, whatever the broker: read, handle, copy dead letters. The caller then answers each delivery.
internal sealed partial class InboxConsumer
{
    /// <summary>Reads and handles a batch of deliveries, and copies those that can never be handled to the dead letters.</summary>
    /// <param name="deliveries">The deliveries.</param>
    /// <param name="deadline">When handlers are to be done. Work that cannot finish is not begun, and comes back.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>
    /// One outcome per delivery, in the order of <paramref name="deliveries"/>. A <see cref="MessageOutcome.DeadLetter"/> has been
    /// copied, so that the delivery can be ended.
    /// </returns>
    public async Task<MessageOutcome[]> ConsumeAsync(
        IReadOnlyList<IDelivery> deliveries, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        var outcomes = new MessageOutcome[deliveries.Count];
        if (handlers.IsEmpty)
        {
            // Nobody has decided yet what is to become of messages: they wait for the handlers instead of becoming dead letters.
            Array.Fill(outcomes, new MessageOutcome.Retry(options.NoHandlersDelay, ErrorCodes.SubjectUnhandled));
            return outcomes;
        }

        var messages = new List<InboxMessage>(deliveries.Count);
        var positions = new List<int>(deliveries.Count);
        for (var i = 0; i < deliveries.Count; i++)
        {
            try
            {
                messages.Add(deliveries[i].Read());
                positions.Add(i);
            }
            catch (MessageFormatException e)
            {
                outcomes[i] = new MessageOutcome.DeadLetter(e.Code, e.Message);
            }
        }

        var handled = await ConsumeResolvedAsync(messages, deadline, cancellationToken);
        for (var i = 0; i < handled.Count; i++)
        {
            outcomes[positions[i]] = handled[i];
        }

        DelayGroups(messages, positions, outcomes);
        await Task.WhenAll(Enumerable.Range(0, outcomes.Length).Select(i => DeadLetterAsync(deliveries[i], outcomes, i, cancellationToken)));
        return outcomes;
    }

    // A message that waits for an earlier one of its group must not come back before it.
    private static void DelayGroups(List<InboxMessage> messages, List<int> positions, MessageOutcome[] outcomes)
    {
        var delays = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i].GroupId is not { } group || outcomes[positions[i]] is not MessageOutcome.Retry retry)
            {
                continue;
            }

            if (retry.ErrorCode == ErrorCodes.GroupBlocked && delays.TryGetValue(group, out var delay))
            {
                outcomes[positions[i]] = retry with { Delay = delay };
            }
            else
            {
                delays.TryAdd(group, retry.Delay);
            }
        }
    }

    private async Task DeadLetterAsync(IDelivery delivery, MessageOutcome[] outcomes, int i, CancellationToken cancellationToken)
    {
        if (outcomes[i] is not MessageOutcome.DeadLetter dead)
        {
            return;
        }

        Log.MessageDeadLettered(logger, delivery.MessageId, dead.ErrorCode, dead.Reason);
        try
        {
            await delivery.CopyToDeadLettersAsync(dead, cancellationToken);
        }
        catch (Exception e)
        {
            // Also when time has run out: what the handlers did must still be answered.
            Log.DeadLetterFailed(logger, delivery.MessageId, e is ISafeToLog ? ErrorText.Bound(e.Message) : e.GetType().Name);
            outcomes[i] = new MessageOutcome.Retry(options.DeadLetterRetryDelay, dead.ErrorCode);
        }
    }
}
