using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Configuration;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Secrets;

namespace Relaybox.Messaging.Nats;

/// <summary>
/// Sends events to JetStream over one connection, in the order of the batch, with many waiting for their acknowledgements.
/// Only a stream's acknowledgement counts as accepted; one of a copy that it has already counts as well.
/// </summary>
/// <param name="connector">The connection.</param>
/// <param name="format">How events look on the wire.</param>
/// <param name="options">Where to send, and how much at once.</param>
/// <param name="time">The clock: each message says when it was sent.</param>
/// <param name="logger">The log.</param>
public sealed partial class NatsMessagePublisher(
    NatsConnector connector,
    IMessageFormat format,
    NatsPublisherOptions options,
    TimeProvider time,
    ILogger<NatsMessagePublisher> logger) : IMessagePublisher
{
    private volatile NatsJSContext? _lastAcknowledging;

    /// <inheritdoc />
    public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(
        IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        var outcomes = new PublishOutcome[events.Count];
        Array.Fill(outcomes, PublishOutcome.Unavailable("The message was not sent."));
        if (events.Count == 0)
        {
            return outcomes;
        }

        NatsJSContext context;
        try
        {
            context = await connector.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (e is NatsException or OperationCanceledException or SecretException or SettingsException)
        {
            Array.Fill(outcomes, NatsFault.NotSent(e));
            return outcomes;
        }

        var refused = new List<(int Index, Exception Refusal)>();
        var waiting = new Queue<(int Index, NatsJSPublishConcurrentFuture Future)>(Math.Min(events.Count, options.MaxInFlight));
        for (var i = 0; i < events.Count; i++)
        {
            if (waiting.Count >= options.MaxInFlight)
            {
                await SettleAsync(waiting.Dequeue(), events, outcomes, refused, cancellationToken);
            }

            try
            {
                // The client itself may send on after the deadline.
                cancellationToken.ThrowIfCancellationRequested();
                waiting.Enqueue((i, await SendAsync(context, events[i], cancellationToken)));
            }
            catch (NatsPayloadTooLargeException e)
            {
                outcomes[i] = NatsFault.NotSent(e);
            }
            catch (Exception e) when (e is NatsException or OperationCanceledException)
            {
                // Neither can those after it be sent: they must not overtake it.
                outcomes.AsSpan(i).Fill(NatsFault.NotSent(e));
                break;
            }
        }

        while (waiting.TryDequeue(out var sent))
        {
            await SettleAsync(sent, events, outcomes, refused, cancellationToken);
        }

        var faults = Faults(context, Array.Exists(outcomes, outcome => outcome.Status == PublishStatus.Accepted));
        foreach (var (index, refusal) in refused)
        {
            outcomes[index] = await faults.OutcomeAsync(refusal, options.SubjectOf(events[index].Subject), cancellationToken);
        }

        return outcomes;
    }

    private NatsSubjectFaults Faults(NatsJSContext context, bool hasAccepted)
    {
        if (hasAccepted)
        {
            _lastAcknowledging = context;
        }

        return new NatsSubjectFaults(context, options, hasAcknowledged: _lastAcknowledging == context);
    }

    private async ValueTask<NatsJSPublishConcurrentFuture> SendAsync(
        NatsJSContext context, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Send);
        return await context.PublishConcurrentAsync(
            options.SubjectOf(outboxEvent.Subject),
            format.Write(outboxEvent),
            headers: NatsHeaderMap.Write(outboxEvent, format.AttributesOf(outboxEvent) with { PublishedAt = time.GetUtcNow() }),
            cancellationToken: cancellationToken);
    }

    private async ValueTask SettleAsync(
        (int Index, NatsJSPublishConcurrentFuture Future) sent,
        IReadOnlyList<OutboxEvent> events,
        PublishOutcome[] outcomes,
        List<(int Index, Exception Refusal)> refused,
        CancellationToken cancellationToken)
    {
        var (outcome, refusal) = await AnswerAsync(events[sent.Index], sent.Future, cancellationToken);
        outcomes[sent.Index] = outcome;
        if (refusal is not null)
        {
            refused.Add((sent.Index, refusal));
        }
    }

    /// <summary>What a message got for an answer. A refusal is still to be judged.</summary>
    private async ValueTask<(PublishOutcome Outcome, Exception? Refusal)> AnswerAsync(
        OutboxEvent outboxEvent, NatsJSPublishConcurrentFuture future, CancellationToken cancellationToken)
    {
        var outcome = PublishOutcome.Unavailable("The message was not sent.");
        Exception? refusal = null;
        try
        {
            var ack = await future.GetResponseAsync(cancellationToken);
            if (ack.Error is { } error)
            {
                outcome = NatsFault.Refused(error, options.SubjectOf(outboxEvent.Subject));
            }
            else
            {
                outcome = ack.Duplicate ? PublishOutcome.KnownCopy : PublishOutcome.Accepted;
            }

            if (ack is { Error: null, Duplicate: true })
            {
                Log.NatsDuplicate(logger, outboxEvent.EventId, ack.Stream ?? "", ack.Seq);
            }
        }
        catch (Exception e) when (NatsSubjectFaults.Concerns(e))
        {
            refusal = e;
        }
        catch (Exception e) when (e is NatsException or OperationCanceledException)
        {
            outcome = NatsFault.NotAcknowledged(e, options.SubjectOf(outboxEvent.Subject));
        }

        try
        {
            await future.DisposeAsync();
        }
        catch (NatsNoRespondersException e)
        {
            // The official client says only here that this was the answer.
            refusal = e;
        }
        catch (NatsException)
        {
            // What it could not end it has told of above.
        }

        return (outcome, refusal);
    }
}
