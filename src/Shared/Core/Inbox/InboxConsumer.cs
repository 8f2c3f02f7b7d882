using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Timing;

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
/// <param name="claimCheck">What fetches payloads that messages do not carry; null: it is switched off.</param>
internal sealed partial class InboxConsumer(
    IInboxRepository repository,
    HandlerRegistry handlers,
    ConsumerOptions options,
    TimeProvider time,
    IEntropy entropy,
    ILogger<InboxConsumer> logger,
    ClaimCheck? claimCheck = null)
{
    private const int LanesPerClaim = 100;

    // Four clocks, each of which may be ten minutes off, say when a message was sent, when it was processed, when its record was
    // old enough to be forgotten, and how old it is now: it must not look young enough once its record is gone.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(40);

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
        var marks = new MarkGroup(repository, options.Concurrency, cancellationToken);
        await _runner.TellEndingsAsync(cancellationToken);
        foreach (var chunk in lanes.Chunk(LanesPerClaim))
        {
            await RunChunkAsync(chunk, outcomes, deadline, marks, cancellationToken);
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

            if (message.PublishedAt is { } publishedAt && time.GetUtcNow() - publishedAt > options.RememberedFor - ClockSkew)
            {
                outcomes[i] = new MessageOutcome.DeadLetter(
                    ErrorCodes.MessageTooOld,
                    $"The message was sent at {publishedAt:u}, longer ago than the inbox remembers: it may have been handled.");
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
                lanes.Add(key, lane = new Lane(isGroup));
            }

            lane.Items.Add(new LaneItem(i, message, found));
        }

        return [.. lanes.Values];
    }

    private async Task RunChunkAsync(
        Lane[] lanes, MessageOutcome[] outcomes, WorkDeadline deadline, MarkGroup marks, CancellationToken cancellationToken)
    {
        if (!deadline.HasTimeFor(options.MinimumHandlerTime))
        {
            foreach (var item in lanes.SelectMany(lane => lane.Items))
            {
                outcomes[item.Index] = new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.NoTimeLeft);
            }

            return;
        }

        await ClaimHeadsAsync(lanes, cancellationToken);
        marks.Open(lanes.Length);
        if (lanes is [var only])
        {
            // As most messages come at low load: nothing runs beside it, and nobody has to be woken for it.
            await RunAndCloseAsync(only, cancellationToken);
        }
        else
        {
            await Parallel.ForEachAsync(
                lanes,
                new ParallelOptions
                {
                    MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Current,
                },
                RunAndCloseAsync);
        }

        // What may have ended its process runs last and alone, the least suspicious first: should it end this one, too, then
        // nobody else pays for it.
        foreach (var lane in lanes.Where(lane => lane.Suspicion > 0).OrderBy(lane => lane.Suspicion))
        {
            lane.IsAlone = true;
            await RunLaneAsync(lane, outcomes, deadline, marks, cancellationToken);
        }

        async ValueTask RunAndCloseAsync(Lane lane, CancellationToken ct)
        {
            await RunLaneAsync(lane, outcomes, deadline, marks, ct);
            marks.CloseLane();
        }
    }

    private async Task RunLaneAsync(
        Lane lane, MessageOutcome[] outcomes, WorkDeadline deadline, MarkGroup marks, CancellationToken cancellationToken)
    {
        for (; lane.Item < lane.Items.Count; lane.Item++)
        {
            var item = lane.Items[lane.Item];
            if (lane.IsBlocked)
            {
                outcomes[item.Index] = new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.GroupBlocked);
                continue;
            }

            for (; lane.Registration < item.Registrations.Count; lane.Registration++)
            {
                var registration = item.Registrations[lane.Registration];
                if (!lane.Claims.Remove(registration.Consumer, out var held))
                {
                    held = await ClaimOneAsync(registration.Consumer, item.Message, cancellationToken);
                }

                if (!lane.IsAlone && held.Claim is InboxClaim.Claimed { Unfinished: > 0 } suspect)
                {
                    lane.Suspicion = suspect.Unfinished;
                    lane.Claims.Add(registration.Consumer, held);
                    return;
                }

                var outcome = await _runner.RunAsync(registration, item.Message, held.Claim, held.At, deadline, marks, cancellationToken);
                lane.Outcome = Worse(lane.Outcome, outcome);
            }

            outcomes[item.Index] = lane.Outcome!;
            lane.IsBlocked = lane.IsGroup && lane.Outcome is MessageOutcome.Retry;
            lane.Registration = 0;
            lane.Outcome = null;
        }
    }

    private async Task ClaimHeadsAsync(Lane[] lanes, CancellationToken cancellationToken)
    {
        var byConsumer = new Dictionary<string, List<Lane>>(StringComparer.Ordinal);
        var claimed = new HashSet<InboxKey>();
        foreach (var lane in lanes)
        {
            var head = lane.Items[0];
            foreach (var registration in head.Registrations)
            {
                // One event can lead two groups; within one call a key may be there only once.
                if (claimed.Add(head.Message.KeyFor(registration.Consumer)))
                {
                    (byConsumer.TryGetValue(registration.Consumer, out var leading)
                        ? leading
                        : byConsumer[registration.Consumer] = []).Add(lane);
                }
            }
        }

        foreach (var (consumer, leading) in byConsumer)
        {
            var at = time.GetTimestamp();
            var answers = await TryClaimAsync(consumer, leading.ConvertAll(lane => lane.Items[0].Message), cancellationToken);
            for (var i = 0; i < leading.Count; i++)
            {
                leading[i].Claims[consumer] = new TimedClaim(answers?[i], at);
            }
        }
    }

    private async Task<TimedClaim> ClaimOneAsync(string consumer, InboxMessage message, CancellationToken cancellationToken)
    {
        var at = time.GetTimestamp();
        return new TimedClaim(await TryClaimAsync(consumer, [message], cancellationToken) is [var claim] ? claim : null, at);
    }

    private async Task<IReadOnlyList<InboxClaim>?> TryClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.ClaimMessages, messages.Count);
        try
        {
            return await repository.ClaimAsync(consumer, messages, options.Lease, options.MaxAttempts, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.InboxStoreFailed(logger, messages[0].Event.EventId, FailureText.Of(e, repository));
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

    /// <summary>Messages that wait for each other, and how far they have come.</summary>
    private sealed class Lane(bool isGroup)
    {
        public bool IsGroup { get; } = isGroup;

        public List<LaneItem> Items { get; } = [];

        /// <summary>What is claimed for the next message, by consumer.</summary>
        public Dictionary<string, TimedClaim> Claims { get; } = new(StringComparer.Ordinal);

        public int Item { get; set; }

        public int Registration { get; set; }

        public MessageOutcome? Outcome { get; set; }

        public bool IsBlocked { get; set; }

        /// <summary>How often the next message's handler may have ended its process; not 0: the lane is put off.</summary>
        public int Suspicion { get; set; }

        /// <summary>Whether nothing else runs beside it.</summary>
        public bool IsAlone { get; set; }
    }

    private readonly record struct TimedClaim(InboxClaim? Claim, long At);

    private sealed record LaneItem(int Index, InboxMessage Message, IReadOnlyList<HandlerRegistration> Registrations);
}
