using System.Threading.Channels;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Configuration;
using Relaybox.Secrets;

namespace Relaybox.Messaging.Nats;

// Rows under keys: each answer is taken up as it comes, in whatever order, and what may follow is sent at once.
public sealed partial class NatsMessagePublisher : IFlowPublisher
{
    async Task IFlowPublisher.PublishAsync(IEventFlow flow, CancellationToken cancellationToken)
    {
        var ready = new Queue<FlowingEvent>(flow.Take());
        if (ready.Count == 0)
        {
            return;
        }

        NatsJSContext context;
        try
        {
            context = await connector.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (e is NatsException or OperationCanceledException or SecretException or SettingsException)
        {
            AnswerAll(flow, ready, NatsFault.NotSent(e));
            return;
        }

        var answered = Channel.CreateUnbounded<(FlowingEvent Sent, PublishOutcome Outcome, Exception? Refusal)>();
        var refused = new List<(FlowingEvent Sent, Exception Refusal)>();
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
                    var future = await SendAsync(context, next.Event, cancellationToken);
                    waiting++;
                    _ = NoteAnswerAsync(next, future, answered.Writer, cancellationToken);
                }
                catch (NatsPayloadTooLargeException e)
                {
                    flow.Answer(next.Number, NatsFault.NotSent(e));
                }
                catch (Exception e) when (e is NatsException or OperationCanceledException)
                {
                    ready.Enqueue(next);
                    AnswerAll(flow, ready, NatsFault.NotSent(e));
                }
            }

            if (waiting == 0)
            {
                break;
            }

            var answer = await answered.Reader.ReadAsync(CancellationToken.None);
            do
            {
                waiting--;
                if (answer.Refusal is { } refusal)
                {
                    refused.Add((answer.Sent, refusal));
                }
                else
                {
                    hasAccepted |= answer.Outcome.Status == PublishStatus.Accepted;
                    flow.Answer(answer.Sent.Number, answer.Outcome);
                }
            }
            while (answered.Reader.TryRead(out answer));

            foreach (var next in flow.Take())
            {
                ready.Enqueue(next);
            }
        }

        // In the end, because only what was accepted meanwhile tells whose fault a refusal is. Nothing follows a refused row.
        var faults = Faults(context, hasAccepted);
        foreach (var (sent, refusal) in refused)
        {
            flow.Answer(sent.Number, await faults.OutcomeAsync(refusal, options.SubjectOf(sent.Event.Subject), cancellationToken));
        }
    }

    private async Task NoteAnswerAsync(
        FlowingEvent sent,
        NatsJSPublishConcurrentFuture future,
        ChannelWriter<(FlowingEvent Sent, PublishOutcome Outcome, Exception? Refusal)> answered,
        CancellationToken cancellationToken)
    {
        try
        {
            var (outcome, refusal) = await AnswerAsync(sent.Event, future, cancellationToken);
            answered.TryWrite((sent, outcome, refusal));
        }
        catch (Exception e)
        {
            answered.TryComplete(e);
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
