using System.Globalization;
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
        : this(inbox, new HandlerRegistry("bench").AddRaw("orders.>", handler ?? new NoOpHandler()), options)
    {
    }

    public QueueInvocations(IInboxRepository inbox, HandlerRegistry handlers, ConsumerOptions? options = null)
    {
        var sqs = new DelayedSqs(TimeSpan.Zero);
        _function = new ConsumeFunction(
            new InboxConsumer(
                inbox,
                handlers,
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
    public void Prepare(long invocations) => Prepare(invocations, BenchPayload.Text);

    /// <summary>Makes events of messages with a payload of their own.</summary>
    public void Prepare(long invocations, string payload)
    {
        _events.Clear();
        for (var i = 0; i < invocations; i++)
        {
            _events.Add(new SQSEvent { Records = [.. Enumerable.Range(0, BatchSize).Select(place => NewMessage(place, payload))] });
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

    private static SQSEvent.SQSMessage NewMessage(int place, string payload)
    {
        var outboxEvent = new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = "orders.placed", Payload = payload };
        var entry = SqsEntry.Create(0, outboxEvent, Format, new SqsPublisherOptions { QueueUrl = "" });
        return new SQSEvent.SQSMessage
        {
            MessageId = place.ToString(CultureInfo.InvariantCulture),
            ReceiptHandle = "handle",
            Body = entry.Body,
            MessageAttributes = entry.Attributes.ToDictionary(
                attribute => attribute.Key,
                attribute => new SQSEvent.MessageAttribute { DataType = "String", StringValue = attribute.Value.StringValue }),
        };
    }
}
