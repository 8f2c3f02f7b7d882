using System.Globalization;
using System.Text;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Queues;
using Relaybox.Events;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>Invocations of the product's consumer function with full batches of a queue, without a queue.</summary>
internal sealed class QueueInvocations
{
    /// <summary>The most messages that SQS hands to a function at once without a batching window.</summary>
    public const int BatchSize = 10;

    private static readonly LambdaContext Context = new();
    private static readonly IMessageFormat Format = MessageFormats.Get(null);

    private readonly ConsumeFunction _function;
    private readonly List<SQSEvent> _events = [];

    public QueueInvocations(IInboxRepository inbox, IMessageHandler<string>? handler = null, ConsumerOptions? options = null)
    {
        var sqs = new DelayedSqs(TimeSpan.Zero);
        _function = new ConsumeFunction(
            new InboxConsumer(
                inbox,
                new HandlerRegistry("bench").AddRaw("orders.>", handler ?? new NoOpHandler()),
                options ?? new ConsumerOptions(),
                TimeProvider.System,
                SystemEntropy.Instance,
                NullLogger<InboxConsumer>.Instance),
            new SqsReader(),
            new SqsDeadLetters(sqs, DelayedSqs.QueueUrl),
            new SqsVisibility(sqs, DelayedSqs.QueueUrl, NullLogger<SqsVisibility>.Instance),
            TimeProvider.System,
            new MetricsWriter("bench", "bench", TimeProvider.System, new JsonLines(Stream.Null)));
    }

    /// <summary>Makes as many events of new messages.</summary>
    public void Prepare(long invocations)
    {
        _events.Clear();
        for (var i = 0; i < invocations; i++)
        {
            _events.Add(new SQSEvent { Records = [.. Enumerable.Range(0, BatchSize).Select(NewMessage)] });
        }
    }

    public async Task RunAsync()
    {
        foreach (var input in _events)
        {
            var response = await _function.HandleAsync(input, Context);
            if (response.BatchItemFailures.Count > 0)
            {
                throw new InvalidOperationException($"{response.BatchItemFailures.Count} messages were not processed.");
            }
        }
    }

    private static SQSEvent.SQSMessage NewMessage(int place)
    {
        var outboxEvent = new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = "orders.placed", Payload = BenchPayload.Text };
        return new SQSEvent.SQSMessage
        {
            MessageId = place.ToString(CultureInfo.InvariantCulture),
            ReceiptHandle = "handle",
            Body = Encoding.UTF8.GetString(Format.Write(outboxEvent).Span),
            MessageAttributes = SqsEntry.Create(0, outboxEvent, Format, new SqsPublisherOptions { QueueUrl = "" }).Attributes.ToDictionary(
                attribute => attribute.Key,
                attribute => new SQSEvent.MessageAttribute { DataType = "String", StringValue = attribute.Value.StringValue }),
        };
    }
}
