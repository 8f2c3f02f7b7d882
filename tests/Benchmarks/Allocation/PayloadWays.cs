using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Nats;
using Relaybox.Benchmarks.Queues;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Allocation;

/// <summary>The ways of an event whose payload has a given size, each between ends that allocate next to nothing of their own.</summary>
/// <param name="stream">Where the events for JetStream go.</param>
/// <param name="bytes">The payload's bytes. It is ASCII, so that its text has two bytes for each of them.</param>
internal sealed class PayloadWays(BenchStream stream, int bytes) : IAsyncDisposable
{
    private readonly string _payload = $$"""{"orderId":"o-1","note":"{{new string('x', bytes - 28)}}"}""";
    private readonly PublisherLoop _nats = new(stream);
    private readonly QueueInvocations _queue = new(new ForgetfulInbox(), OrderHandler.Registry);
    private readonly InboxConsumer _consumer = new(
        new ForgetfulInbox(), OrderHandler.Registry, new ConsumerOptions(), TimeProvider.System, SystemEntropy.Instance,
        NullLogger<InboxConsumer>.Instance);

    private readonly SqsMessagePublisher _sqs = new(
        new DelayedSqs(TimeSpan.Zero), new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = DelayedSqs.QueueUrl },
        TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);

    /// <summary>How many events take part at once: enough to count, and no more than a claim holds.</summary>
    public int Events { get; } = Math.Clamp(10_000_000 / bytes, 10, 1_000);

    /// <summary>From the row's payload as text to the request for the client of SQS.</summary>
    public Func<Task> RelayToSqs()
    {
        OutboxEvent[] events = [.. Enumerable.Range(0, Events).Select(_ => NewEvent())];
        return async () => RequireAll(await _sqs.PublishAsync(events, CancellationToken.None));
    }

    /// <summary>From the row's payload as text to a real server, with the client.</summary>
    public async Task<Func<Task>> RelayToJetStreamAsync()
    {
        await stream.ResetAsync(CancellationToken.None);
        _nats.Prepare(Events, _payload);
        return () => _nats.PublishAsync(Events, CancellationToken.None);
    }

    /// <summary>From the text that Lambda's serializer gives to the handler's object and the answer.</summary>
    public Func<Task> ConsumeFromSqs()
    {
        _queue.Prepare(Events / QueueInvocations.BatchSize, _payload);
        return _queue.RunAsync;
    }

    /// <summary>From the bytes that the client of NATS gives to the handler's object and the outcome.</summary>
    public Func<Task> ConsumeFromJetStream()
    {
        var format = MessageFormats.Get(null);
        IDelivery[] deliveries =
        [
            .. Enumerable.Range(0, Events).Select(_ => NewEvent()).Select(sent => new BytesDelivery(
                Encoding.UTF8.GetBytes(SqsEntry.Create(0, sent, format, new SqsPublisherOptions { QueueUrl = "" }).Body),
                format.AttributesOf(sent))),
        ];
        return async () =>
        {
            var deadline = WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System);
            var outcomes = await _consumer.ConsumeAsync(deliveries, deadline, CancellationToken.None);
            if (!Array.TrueForAll(outcomes, outcome => outcome is MessageOutcome.Processed))
            {
                throw new InvalidOperationException("A message was not processed.");
            }
        };
    }

    public ValueTask DisposeAsync() => _nats.DisposeAsync();

    private OutboxEvent NewEvent() => new() { EventId = Guid.NewGuid().ToString(), Subject = BenchStream.Subject, Payload = _payload };

    private static void RequireAll(IReadOnlyList<PublishOutcome> outcomes)
    {
        if (outcomes.Any(outcome => outcome.Status != PublishStatus.Accepted))
        {
            throw new InvalidOperationException("Not every event was accepted.");
        }
    }
}
