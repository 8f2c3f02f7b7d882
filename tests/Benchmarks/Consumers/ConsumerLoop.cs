using System.Text;
using System.Text.Json;
using Amazon.Lambda.Core;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Allocation;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Diagnostics;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Messaging.Sqs;

namespace Relaybox.Benchmarks.Consumers;

/// <summary>The Consume function on an inbox, from the bytes that Lambda hands it to the bytes that it answers; its handler does nothing.</summary>
internal sealed class ConsumerLoop : IMessageHandler<string>
{
    private const string Queue = "http://127.0.0.1/1/q";

    private readonly SourceGeneratorLambdaJsonSerializer<SqsJsonContext> json = new();
    private readonly ILambdaContext context = new BenchContext();
    private readonly ConsumeFunction function;

    public ConsumerLoop(IInboxRepository inbox)
    {
        var sqs = new TakingSqs();
        function = new ConsumeFunction(
            new InboxConsumer(
                inbox, new HandlerRegistry("default").AddRaw("orders.>", this), new ConsumerOptions(), TimeProvider.System, SystemEntropy.Instance, NullLogger<InboxConsumer>.Instance),
            new SqsDeadLetters(sqs, Queue),
            new SqsVisibility(sqs, Queue, NullLogger<SqsVisibility>.Instance),
            TimeProvider.System,
            new MetricsWriter("bench", "bench", TimeProvider.System, new JsonLines(Stream.Null)),
            NullLogger<ConsumeFunction>.Instance);
    }

    public long Handled { get; private set; }

    /// <summary>A batch of messages, each with an id of its own.</summary>
    public static byte[] Batch(int messages) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        Records = Enumerable.Range(0, messages).Select(i => Guid.NewGuid().ToString()).Select(id => new
        {
            messageId = id,
            receiptHandle = "handle",
            body = $$"""{"id":"{{id}}","eventType":"orders.placed","subject":"orders.placed","payload":{{BenchPayload.Text}}}""",
            attributes = new Dictionary<string, string> { ["ApproximateReceiveCount"] = "1" },
            messageAttributes = new Dictionary<string, object>(),
            md5OfBody = "00000000000000000000000000000000",
            eventSource = "aws:sqs",
            eventSourceARN = "arn:aws:sqs:us-east-1:000000000000:queue",
            awsRegion = "us-east-1",
        }),
    });

    /// <summary>Consumes a batch.</summary>
    /// <exception cref="InvalidOperationException">A message was not processed.</exception>
    public async Task ConsumeAsync(byte[] batch)
    {
        var input = json.Deserialize<SQSEvent>(new MemoryStream(batch, 0, batch.Length, writable: false, publiclyVisible: true));
        var response = await function.HandleAsync(input, context);
        using var output = new MemoryStream();
        json.Serialize(response, output);
        if (response.BatchItemFailures.Count > 0)
        {
            throw new InvalidOperationException($"Not every message was processed: {Encoding.UTF8.GetString(output.ToArray())}");
        }
    }

    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Handled++;
        return Task.CompletedTask;
    }
}
