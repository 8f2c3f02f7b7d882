using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The SQS publisher does what every publisher does, on a standard queue, in every format.</summary>
public abstract class SqsPublisherConformanceTests(SqsEmulator sqs, string format) : PublisherConformance
{
    private protected override async Task<PublisherHarness> CreateHarnessAsync() =>
        new SqsHarness(sqs, await sqs.CreateQueueAsync(), format);

    [Fact]
    public async Task A_fifo_queue_keeps_the_order_of_a_key_and_takes_a_repeated_event_once()
    {
        var url = await sqs.CreateQueueAsync("fifo", new() { ["FifoQueue"] = "true" });
        await using var fifo = new SqsHarness(sqs, url, format);
        var events = Enumerable.Range(0, 25).Select(i => Sample.Event($"event {i}") with { OrderingKey = "customer 7" }).ToList();

        foreach (var batch in new[] { events[..12], events[8..20], events })
        {
            Assert.All(await fifo.Publisher.PublishAsync(batch, Ct), outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        }

        Assert.Equal(events.Select(e => e.EventId), (await fifo.ReceiveAsync(25)).Select(e => e.EventId));
    }

    private sealed class SqsHarness(SqsEmulator sqs, string url, string format) : PublisherHarness
    {
        public override IMessagePublisher Publisher { get; } = Create(sqs.Client, url, format);

        public override IMessagePublisher CreateUnreachable() =>
            Create(sqs.CreateClient(configuration => configuration.ServiceURL = "http://127.0.0.1:1"), url, format);

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

        private static SqsMessagePublisher Create(Amazon.SQS.IAmazonSQS client, string url, string format) => new(
            client, MessageFormats.Get(format), new SqsPublisherOptions { QueueUrl = url },
            TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);

        private static OutboxEvent Read(Message message)
        {
            Assert.InRange(message.MessageAttributes!.Count, 2, 7);
            string? Find(string name) => message.MessageAttributes.GetValueOrDefault(name)?.StringValue;
            return new SqsReader().Read(message.Body, Find, _ => null).Event;
        }
    }
}

public class SqsEnvelopePublisherTests(SqsEmulator sqs) : SqsPublisherConformanceTests(sqs, EnvelopeFormat.FormatName);

public class SqsCloudEventsPublisherTests(SqsEmulator sqs) : SqsPublisherConformanceTests(sqs, CloudEventsFormat.FormatName);

public class SqsRawPublisherTests(SqsEmulator sqs) : SqsPublisherConformanceTests(sqs, RawFormat.FormatName);
