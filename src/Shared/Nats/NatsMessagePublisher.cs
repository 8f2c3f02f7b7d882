using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>
/// Sends events to JetStream over one connection, in the order of the batch, with many waiting for their acknowledgements.
/// Only a stream's acknowledgement counts as accepted; one of a copy that it has already counts as well.
/// </summary>
/// <param name="connector">The connection.</param>
/// <param name="format">How events look on the wire.</param>
/// <param name="options">Where to send, and how much at once.</param>
/// <param name="time">The clock: each message says when it was sent.</param>
/// <param name="logger">The log.</param>
internal sealed partial class NatsMessagePublisher(
    NatsConnector connector,
    IMessageFormat format,
    NatsPublisherOptions options,
    TimeProvider time,
    ILogger<NatsMessagePublisher> logger) : IMessagePublisher
{
    private readonly NatsFormatSerializer _serializer = new(format);
    private volatile NatsSession? _lastAcknowledging;

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

        NatsSession session;
        try
        {
            session = await connector.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (NatsFault.IsOfUse(e) || e is SecretException or SettingsException)
        {
            Array.Fill(outcomes, NatsFault.NotSent(e));
            return outcomes;
        }

        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Lost);
        var open = new List<(int Index, NatsAnswer Answer)>();
        var waiting = new Queue<(int Index, NatsPublication Publication)>(Math.Min(events.Count, options.MaxInFlight));
        for (var i = 0; i < events.Count; i++)
        {
            if (waiting.Count >= options.MaxInFlight)
            {
                await SettleAsync(waiting.Dequeue());
            }

            try
            {
                // The client itself may send on after the deadline.
                cancellationToken.ThrowIfCancellationRequested();
                waiting.Enqueue((i, await SendAsync(session, events[i], sending.Token)));
            }
            catch (NatsPayloadTooLargeException e)
            {
                outcomes[i] = NatsFault.NotSent(e);
            }
            catch (Exception e) when (NatsFault.IsOfUse(e) || e is ObjectDisposedException)
            {
                // Neither can those after it be sent: they must not overtake it.
                outcomes.AsSpan(i).Fill(NatsFault.NotSent(session.IsFault(e, cancellationToken) ? session.Explain(e) : e));
                break;
            }
        }

        while (waiting.TryDequeue(out var sent))
        {
            await SettleAsync(sent);
        }

        var faults = Faults(session, Array.Exists(outcomes, outcome => outcome.Status == PublishStatus.Accepted));
        foreach (var (index, answer) in open)
        {
            outcomes[index] = await faults.OutcomeAsync(answer, options.SubjectOf(events[index].Subject), cancellationToken);
        }

        return outcomes;

        async ValueTask SettleAsync((int Index, NatsPublication Publication) sent)
        {
            var answer = await session.AnswerAsync(sent.Publication, cancellationToken);
            if (NatsSubjectFaults.Concerns(answer))
            {
                open.Add((sent.Index, answer));
            }
            else
            {
                outcomes[sent.Index] = Outcome(events[sent.Index], sent.Publication.Subject, answer);
            }
        }
    }

    private NatsSubjectFaults Faults(NatsSession session, bool hasAccepted)
    {
        if (hasAccepted)
        {
            _lastAcknowledging = session;
        }

        return new NatsSubjectFaults(session, options, hasAcknowledged: _lastAcknowledging == session);
    }

    private async ValueTask<NatsPublication> SendAsync(NatsSession session, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Send);
        return await session.PublishAsync(
            options.SubjectOf(outboxEvent.Subject),
            outboxEvent,
            _serializer,
            NatsHeaderMap.Write(outboxEvent, format.AttributesOf(outboxEvent) with { PublishedAt = outboxEvent.PublishedAt ?? time.GetUtcNow() }),
            cancellationToken);
    }

    private PublishOutcome Outcome(OutboxEvent outboxEvent, string subject, NatsAnswer answer)
    {
        if (answer is { Kind: NatsAnswerKind.KnownCopy, Acknowledgement: { } copy })
        {
            Log.Duplicate(logger, outboxEvent.EventId, copy.Stream ?? "", copy.Seq);
        }

        return NatsFault.Outcome(answer, subject);
    }
}
