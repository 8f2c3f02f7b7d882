using System.Threading.Channels;
using NATS.Client.Core;
using Relaybox.Messaging;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

// Rows under keys: each answer is taken up as it comes, in whatever order, and what may follow is sent at once.
internal sealed partial class NatsMessagePublisher : IFlowPublisher
{
    async Task IFlowPublisher.PublishAsync(IEventFlow flow, CancellationToken cancellationToken)
    {
        var ready = new Queue<FlowingEvent>(flow.Take());
        if (ready.Count == 0)
        {
            return;
        }

        NatsSession session;
        try
        {
            session = await connector.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (NatsFault.IsOfUse(e) || e is SecretException or SettingsException)
        {
            AnswerAll(flow, ready, NatsFault.NotSent(e));
            return;
        }

        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Lost);
        var answered = Channel.CreateUnbounded<(FlowingEvent Sent, NatsAnswer Answer)>();
        var open = new List<(FlowingEvent Sent, NatsAnswer Answer)>();
        var (waiting, hasAccepted) = (0, false);
        while (true)
        {
            while (ready.Count > 0 && waiting < options.MaxInFlight)
            {
                var next = ready.Dequeue();
                try
                {
                    // The client itself may send on after the deadline.
                    cancellationToken.ThrowIfCancellationRequested();
                    var publication = await SendAsync(session, next.Event, sending.Token);
                    waiting++;
                    _ = NoteAnswerAsync(next, publication);
                }
                catch (NatsPayloadTooLargeException e)
                {
                    flow.Answer(next.Number, NatsFault.NotSent(e));
                }
                catch (Exception e) when (NatsFault.IsOfUse(e) || e is ObjectDisposedException)
                {
                    ready.Enqueue(next);
                    AnswerAll(flow, ready, NatsFault.NotSent(session.IsFault(e, cancellationToken) ? session.Explain(e) : e));
                }
            }

            if (waiting == 0)
            {
                break;
            }

            var settled = await answered.Reader.ReadAsync(CancellationToken.None);
            do
            {
                waiting--;
                Note(settled.Sent, settled.Answer);
            }
            while (answered.Reader.TryRead(out settled));

            foreach (var next in flow.Take())
            {
                ready.Enqueue(next);
            }
        }

        // In the end, because only what was accepted meanwhile tells whose fault a refusal is. Nothing follows a refused row.
        var faults = Faults(session, hasAccepted);
        foreach (var (sent, answer) in open)
        {
            flow.Answer(sent.Number, await faults.OutcomeAsync(answer, options.SubjectOf(sent.Event.Subject), cancellationToken));
        }

        async Task NoteAnswerAsync(FlowingEvent sent, NatsPublication publication) =>
            answered.Writer.TryWrite((sent, await session.AnswerAsync(publication, cancellationToken)));

        void Note(FlowingEvent sent, NatsAnswer answer)
        {
            if (NatsSubjectFaults.Concerns(answer))
            {
                open.Add((sent, answer));
                return;
            }

            var outcome = Outcome(sent.Event, options.SubjectOf(sent.Event.Subject), answer);
            hasAccepted |= outcome.Status == PublishStatus.Accepted;
            flow.Answer(sent.Number, outcome);
        }
    }

    private static void AnswerAll(IEventFlow flow, Queue<FlowingEvent> events, PublishOutcome outcome)
    {
        while (events.TryDequeue(out var next))
        {
            flow.Answer(next.Number, outcome);
        }
    }
}
