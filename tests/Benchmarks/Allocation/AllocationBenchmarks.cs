using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Queues;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox.Relay;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Allocation;

/// <summary>What one event costs in memory, between clients that allocate next to nothing of their own.</summary>
[MemoryDiagnoser]
public class AllocationBenchmarks
{
    private const int Events = 100;

    private readonly SourceGeneratorLambdaJsonSerializer<StreamJsonContext> _json = new(StreamJsonContext.Customize);
    private readonly byte[] _stream = StreamEvents.Create([.. Enumerable.Range(0, Events).Select(_ => Guid.NewGuid().ToString())]);
    private readonly QueueInvocations _consumer = new(new ForgetfulInbox());
    private readonly SqsMessagePublisher _publisher = new(
        new DelayedSqs(TimeSpan.Zero), new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = DelayedSqs.QueueUrl },
        TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);

    private readonly List<OutboxEvent> _events =
    [
        .. Enumerable.Range(0, Events).Select(
            _ => new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = "orders.placed", Payload = BenchPayload.Text }),
    ];

    private readonly StreamRelayFunction _relay;

    public AllocationBenchmarks()
    {
        _consumer.Prepare(1);
        var repository = new DynamoDbOutboxRepository(
            new TakingDynamoDb(), new DynamoDbOutboxOptions { TableName = "outbox" }, TimeProvider.System, SystemEntropy.Instance);
        var options = new RelayOptions();
        _relay = new StreamRelayFunction(
            new OutboxRelay(repository, _publisher, options, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            options,
            TimeProvider.System,
            new MetricsWriter("bench", "bench", TimeProvider.System, new JsonLines(Stream.Null)),
            NullLogger<StreamRelayFunction>.Instance);
    }

    [Benchmark(OperationsPerInvoke = Events, Description = "DynamoDB stream to SQS, from the event's bytes to the marks")]
    public async Task StreamToSqs()
    {
        var input = _json.Deserialize<DynamoDBEvent>(new MemoryStream(_stream, 0, _stream.Length, writable: false, publiclyVisible: true));
        var response = await _relay.HandleAsync(input, new LambdaContext());
        if (response.BatchItemFailures.Count > 0)
        {
            throw new InvalidOperationException("Not every row was relayed.");
        }
    }

    [Benchmark(OperationsPerInvoke = Events, Description = "SQS publish, in calls of 10")]
    public async Task PublishToSqs()
    {
        var outcomes = await _publisher.PublishAsync(_events, CancellationToken.None);
        if (outcomes.Any(outcome => outcome.Status != PublishStatus.Accepted))
        {
            throw new InvalidOperationException("Not every event was accepted.");
        }
    }

    [Benchmark(OperationsPerInvoke = QueueInvocations.BatchSize, Description = "Consume from SQS, batches of 10, from the event to the answer")]
    public Task Consume() => _consumer.RunAsync();
}
