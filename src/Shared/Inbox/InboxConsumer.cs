using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Outbox;

namespace Relaybox.Inbox;

/// <summary>
/// Takes delivered messages to their handlers, so that each consumer handles each event once: claim the record, run the
/// handler, commit the mark with what the handler enlisted. One message's outcome never depends on another's, except
/// within a group, which stops at its first failure.
/// </summary>
/// <param name="repository">The inbox.</param>
/// <param name="handlers">Who handles what.</param>
/// <param name="options">How to work.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of the backoff's jitter.</param>
/// <param name="logger">The log.</param>
public sealed class InboxConsumer(
    IInboxRepository repository,
    HandlerRegistry handlers,
    ConsumerOptions options,
    TimeProvider time,
    IEntropy entropy,
    ILogger<InboxConsumer> logger)
{
    private const int LanesPerClaim = 100;

    private readonly HandlerRunner _runner = new(repository, options, time, entropy, logger);

    /// <summary>Handles a batch.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="deadline">When to be done. Work that cannot finish is not begun, and comes back.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>One outcome per message, in the order of <paramref name="messages"/>.</returns>
    public async Task<IReadOnlyList<MessageOutcome>> ConsumeAsync(
        IReadOnlyList<InboxMessage> messages, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(deadline);
        var outcomes = new MessageOutcome[messages.Count];
        var lanes = ToLanes(messages, outcomes);
        foreach (var chunk in lanes.Chunk(LanesPerClaim))
        {
            await RunChunkAsync(chunk, outcomes, deadline, cancellationToken);
        }

        return outcomes;
    }

    // Messages of one group, and copies of one event, wait for each other; all others run side by side.
    private List<Lane> ToLanes(IReadOnlyList<InboxMessage> messages, MessageOutcome[] outcomes)
    {
        var lanes = new Dictionary<(bool IsGroup, string Key), Lane>();
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            if (RowContract.Check(message.Event) is { } violation)
            {
                outcomes[i] = new MessageOutcome.DeadLetter(violation.Code, violation.Message);
                continue;
            }

            var found = handlers.Find(message.Event.Subject);
            if (found.Count == 0)
            {
                outcomes[i] = new MessageOutcome.DeadLetter(
                    ErrorCodes.SubjectUnhandled, "No handler is registered for the message's subject.");
                continue;
            }

            var isGroup = message.GroupId is not null;
            var key = (isGroup, message.GroupId ?? message.Event.EventId);
            if (!lanes.TryGetValue(key, out var lane))
            {
                lanes.Add(key, lane = new Lane(isGroup, []));
            }

            lane.Items.Add(new LaneItem(i, message, found));
        }

        return [.. lanes.Values];
    }

    private async Task RunChunkAsync(
        Lane[] lanes, MessageOutcome[] outcomes, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        if (!deadline.HasTimeFor(options.MinimumHandlerTime))
        {
            foreach (var item in lanes.SelectMany(lane => lane.Items))
            {
                outcomes[item.Index] = new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.NoTimeLeft);
            }

            return;
        }

        var claims = await ClaimHeadsAsync(lanes, cancellationToken);
        await Parallel.ForEachAsync(
            lanes,
            new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken },
            async (lane, ct) => await RunLaneAsync(lane, claims, outcomes, deadline, ct));
    }

    private async Task RunLaneAsync(
        Lane lane,
        Dictionary<(string Consumer, int Index), InboxClaim?> headClaims,
        MessageOutcome[] outcomes,
        WorkDeadline deadline,
        CancellationToken cancellationToken)
    {
        var blocked = false;
        foreach (var item in lane.Items)
        {
            if (blocked)
            {
                outcomes[item.Index] = new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.GroupBlocked);
                continue;
            }

            MessageOutcome? outcome = null;
            foreach (var registration in item.Registrations)
            {
                if (!headClaims.TryGetValue((registration.Consumer, item.Index), out var claim))
                {
                    claim = await TryClaimAsync(registration.Consumer, [item.Message], cancellationToken) is [var single] ? single : null;
                }

                outcome = Worse(outcome, await _runner.RunAsync(registration, item.Message, claim, deadline, cancellationToken));
            }

            outcomes[item.Index] = outcome!;
            blocked = lane.IsGroup && outcome is MessageOutcome.Retry;
        }
    }

    private async Task<Dictionary<(string Consumer, int Index), InboxClaim?>> ClaimHeadsAsync(
        Lane[] lanes, CancellationToken cancellationToken)
    {
        var byConsumer = new Dictionary<string, List<LaneItem>>(StringComparer.Ordinal);
        var claimed = new HashSet<(string Consumer, string EventId)>();
        foreach (var head in lanes.Select(lane => lane.Items[0]))
        {
            foreach (var registration in head.Registrations)
            {
                // One event can lead two groups; within one call an id may be there only once.
                if (claimed.Add((registration.Consumer, head.Message.Event.EventId)))
                {
                    (byConsumer.TryGetValue(registration.Consumer, out var heads)
                        ? heads
                        : byConsumer[registration.Consumer] = []).Add(head);
                }
            }
        }

        var claims = new Dictionary<(string, int), InboxClaim?>();
        foreach (var (consumer, heads) in byConsumer)
        {
            var answers = await TryClaimAsync(consumer, heads.ConvertAll(head => head.Message), cancellationToken);
            for (var i = 0; i < heads.Count; i++)
            {
                claims[(consumer, heads[i].Index)] = answers?[i];
            }
        }

        return claims;
    }

    private async Task<IReadOnlyList<InboxClaim>?> TryClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, CancellationToken cancellationToken)
    {
        try
        {
            return await repository.ClaimAsync(consumer, messages, options.Lease, options.MaxAttempts, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.InboxStoreFailed(logger, messages[0].Event.EventId, e.GetType().Name);
            return null;
        }
    }

    // What has to come again outweighs what is dead; both outweigh what is done.
    private static MessageOutcome Worse(MessageOutcome? first, MessageOutcome second) =>
        first is null || Weight(second) > Weight(first) ? second : first;

    private static int Weight(MessageOutcome outcome) => outcome switch
    {
        MessageOutcome.Retry => 3,
        MessageOutcome.DeadLetter => 2,
        MessageOutcome.Processed => 1,
        _ => 0,
    };

    private sealed record Lane(bool IsGroup, List<LaneItem> Items);

    private sealed record LaneItem(int Index, InboxMessage Message, IReadOnlyList<HandlerRegistration> Registrations);
}
