using System.Text;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Messaging;
using Relaybox.Messaging.Sqs;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The SQS publisher does what every publisher does, on a standard queue.</summary>
public class SqsPublisherConformanceTests(SqsEmulator sqs) : PublisherConformance
{
    protected override async Task<PublisherHarness> CreateHarnessAsync() => new SqsHarness(sqs, await sqs.CreateQueueAsync());

    [Fact]
    public async Task A_fifo_queue_keeps_the_order_of_a_key_and_takes_a_repeated_event_once()
    {
        var url = await sqs.CreateQueueAsync("fifo", new() { ["FifoQueue"] = "true" });
        await using var fifo = new SqsHarness(sqs, url);
        var events = Enumerable.Range(0, 25).Select(i => Sample.Event($"event {i}") with { OrderingKey = "customer 7" }).ToList();

        foreach (var batch in new[] { events[..12], events[8..20], events })
        {
            Assert.All(await fifo.Publisher.PublishAsync(batch, Ct), outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        }

        Assert.Equal(events.Select(e => e.EventId), (await fifo.ReceiveAsync(25)).Select(e => e.EventId));
    }

    private sealed class SqsHarness(SqsEmulator sqs, string url) : PublisherHarness
    {
        public override IMessagePublisher Publisher { get; } = Create(sqs.Client, url);

        public override IMessagePublisher CreateUnreachable() =>
            Create(sqs.CreateClient(configuration => configuration.ServiceURL = "http://127.0.0.1:1"), url);

        public override string CreateTooLarge() => new('x', 1_048_576);

        public override async Task<IReadOnlyList<OutboxEvent>> ReceiveAsync(int count)
        {
            var received = new List<OutboxEvent>();
            await Eventually.TrueAsync(
                async () =>
                {
                    var response = await sqs.Client.ReceiveMessageAsync(new ReceiveMessageRequest
                    {
                        QueueUrl = url, MaxNumberOfMessages = 10, WaitTimeSeconds = 1, MessageAttributeNames = ["All"],
                    });
                    foreach (var message in response.Messages ?? [])
                    {
                        received.Add(Read(message));
                        await sqs.Client.DeleteMessageAsync(url, message.ReceiptHandle);
                    }

                    return received.Count >= count;
                },
                $"{count} messages");
            var more = await sqs.Client.ReceiveMessageAsync(new ReceiveMessageRequest { QueueUrl = url });
            Assert.Empty(more.Messages ?? []);
            return received;
        }

        public override async ValueTask DisposeAsync() => await sqs.Client.DeleteQueueAsync(url);

        private static SqsMessagePublisher Create(Amazon.SQS.IAmazonSQS client, string url) => new(
            client, new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = url }, NullLogger<SqsMessagePublisher>.Instance);

        private static OutboxEvent Read(Message message)
        {
            var body = message.MessageAttributes?.ContainsKey(SqsAttributes.Encoding) == true
                ? Convert.FromBase64String(message.Body)
                : Encoding.UTF8.GetBytes(message.Body);
            return MessageFormats.Get(message.MessageAttributes?[SqsAttributes.Format].StringValue).Read(body);
        }
    }
}
