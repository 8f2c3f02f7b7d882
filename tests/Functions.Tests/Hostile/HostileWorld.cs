using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Support;
using Relaybox.Inbox;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>
/// The functions between a store and a queue in memory, called with the bytes that Lambda would send: everything that reads or
/// writes what others wrote is the real thing.
/// </summary>
internal sealed class HostileWorld : IMessageHandler<string>, IDisposable
{
    private const string SourceArn = "arn:aws:sqs:us-east-1:000000000000:queue";

    private static readonly FakeLambdaContext Context = new(TimeSpan.FromMinutes(1));

    private readonly StreamRelayFunction _relay;
    private readonly ConsumeFunction _consume;

    internal HostileWorld(string format)
    {
        var metrics = new MetricsWriter("test", "test", TimeProvider.System, new JsonLines(Stream.Null));
        var publisher = new SqsMessagePublisher(
            Sqs, MessageFormats.Get(format), new SqsPublisherOptions { QueueUrl = "http://127.0.0.1/1/q" },
            TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);
        var options = new RelayOptions();
        _relay = new StreamRelayFunction(
            new OutboxRelay(Outbox, publisher, options, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            options, TimeProvider.System, metrics, NullLogger<StreamRelayFunction>.Instance);
        _consume = new ConsumeFunction(
            new InboxConsumer(
                new FakeInbox(TimeProvider.System), new HandlerRegistry("default").AddRaw("orders.>", this),
                new ConsumerOptions(), TimeProvider.System, SystemEntropy.Instance, NullLogger<InboxConsumer>.Instance),
            new SqsReader(),
            new SqsDeadLetters(Sqs, "http://127.0.0.1/1/dead"),
            new SqsVisibility(Sqs, "http://127.0.0.1/1/q", NullLogger<SqsVisibility>.Instance),
            TimeProvider.System,
            metrics);
    }

    internal FakeOutbox Outbox { get; } = new();

    internal MemorySqs Sqs { get; } = new();

    /// <summary>What the handler got.</summary>
    internal ConcurrentQueue<(string Payload, MessageContext Context)> Handled { get; } = [];

    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Handled.Enqueue((message, context));
        return Task.CompletedTask;
    }

    public void Dispose() => Sqs.Dispose();

    /// <summary>Gives the stream relay a batch.</summary>
    internal async Task<string> RelayAsync(string json)
    {
        var serializer = new SourceGeneratorLambdaJsonSerializer<StreamJsonContext>(StreamJsonContext.Customize);
        return Write(serializer, await _relay.HandleAsync(Read<DynamoDBEvent>(serializer, json), Context));
    }

    /// <summary>Gives the consumer a batch.</summary>
    internal async Task<string> ConsumeAsync(params (string MessageId, string Body, IEnumerable<(string Name, string? Value)> Attributes)[] messages)
    {
        var json = JsonSerializer.Serialize(new
        {
            Records = messages.Select(message => new
            {
                messageId = message.MessageId,
                receiptHandle = "handle",
                body = message.Body,
                attributes = new Dictionary<string, string> { ["ApproximateReceiveCount"] = "1" },
                messageAttributes = message.Attributes.ToDictionary(
                    attribute => attribute.Name,
                    attribute => attribute.Value is null ? null : new { dataType = "String", stringValue = attribute.Value }),
                eventSource = "aws:sqs",
                eventSourceARN = SourceArn,
            }),
        });
        var serializer = new SourceGeneratorLambdaJsonSerializer<SqsJsonContext>();
        return Write(serializer, await _consume.HandleAsync(Read<SQSEvent>(serializer, json), Context));
    }

    /// <summary>Delivers everything that was sent.</summary>
    internal Task<string> DeliverAsync() => ConsumeAsync([.. Sqs.Sent.Select((entry, i) => ($"m-{i}", entry.MessageBody, Attributes(entry)))]);

    private static IEnumerable<(string, string?)> Attributes(SendMessageBatchRequestEntry entry) =>
        entry.MessageAttributes.Select(attribute => (attribute.Key, (string?)attribute.Value.StringValue));

    private static T Read<T>(Amazon.Lambda.Core.ILambdaSerializer serializer, string json) =>
        serializer.Deserialize<T>(new MemoryStream(Encoding.UTF8.GetBytes(json)));

    private static string Write<T>(Amazon.Lambda.Core.ILambdaSerializer serializer, T answer)
    {
        using var stream = new MemoryStream();
        serializer.Serialize(answer, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
