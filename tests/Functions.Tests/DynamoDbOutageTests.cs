using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.DynamoDb;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Hostile;
using Relaybox.Functions.Tests.Support;
using Relaybox.Inbox;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Messaging;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Functions.Tests;

/// <summary>DynamoDB is away for longer than a run, or than a message may be received.</summary>
public sealed class DynamoDbOutageTests : IAsyncLifetime
{
    // What template.yaml allows before SQS moves a message to the dead-letter queue.
    private static readonly int MaxReceives =
        TemplateDocument.Instance.Evaluate(TemplateDocument.Instance.Property("Queue", "RedrivePolicy", "maxReceiveCount"));

    private readonly DynamoDbNetwork _network = new();
    private readonly SkippingTimeProvider _clock = new();
    private readonly DynamoDbLocal _server;
    private readonly AmazonDynamoDBClient _client;
    private readonly string _outbox = DynamoDbLocal.UniqueName("outbox");
    private readonly string _inbox = DynamoDbLocal.UniqueName("inbox");

    public DynamoDbOutageTests(DynamoDbLocal server)
    {
        _server = server;
        _client = server.CreateClient(_network.Into);
    }

    private DynamoDbOutboxOptions OutboxOptions => new() { TableName = _outbox, Trigger = RelayTrigger.Schedule, DueShards = 4 };

    public async ValueTask InitializeAsync()
    {
        await _server.Client.CreateTableAsync(Rows.Table(_outbox, "eventId", null, withDueIndex: true));
        await _server.Client.CreateTableAsync(Rows.Table(_inbox, "eventId", "consumer", withDueIndex: false));
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _network.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Sweeps_fail_while_it_is_away_and_the_first_one_after_it_sends_what_is_due()
    {
        using var sqs = new ScriptedSqs();
        var sweep = Sweep(sqs);
        await PutDueRowAsync();
        Leave();
        for (var run = 0; run < 3; run++)
        {
            Assert.NotNull(await Record.ExceptionAsync(() => RunAsync(sweep)));
        }

        Assert.Empty(sqs.Requests);
        Return();

        Assert.Equal(new JobReport("sweep", 1, true), await RunAsync(sweep));
        await WasSentAsync();
    }

    [Fact]
    public async Task What_it_could_not_record_is_sent_again_under_the_same_id_when_the_lease_has_ended()
    {
        using var sqs = new ScriptedSqs();
        sqs.OnSend = (request, _) =>
        {
            if (sqs.Requests.Count == 1)
            {
                Leave();
            }

            return Task.FromResult(ScriptedSqs.AcceptAll(request));
        };
        var sweep = Sweep(sqs);
        await PutDueRowAsync();
        for (var run = 0; run < 3; run++)
        {
            Assert.NotNull(await Record.ExceptionAsync(() => RunAsync(sweep)));
        }

        Return();
        Assert.Equal(0, (await RunAsync(sweep)).Affected);
        _clock.Skip(new RelayOptions().Lease + TimeSpan.FromMinutes(1));

        Assert.Equal(1, (await RunAsync(sweep)).Affected);
        Assert.Equal(
            ["e-1", "e-1"],
            sqs.Requests.SelectMany(request => request.Entries).Select(entry => entry.MessageAttributes["relaybox-event-id"].StringValue));
        await WasSentAsync();
    }

    [Fact]
    public async Task Messages_that_come_while_it_is_away_keep_their_attempts_and_their_queue_for_nine_minutes()
    {
        using var sqs = new MemorySqs();
        var handler = new Handler<string>();
        var consume = Consume(sqs, handler);
        Leave();
        var hidden = TimeSpan.Zero;
        for (var receive = 1; receive <= MaxReceives; receive++)
        {
            Assert.Equal(["m-1", "m-2"], await ReceiveAsync(consume, receive));
            hidden += sqs.Delays.TakeLast(2).Min();
        }

        Assert.True(hidden >= TimeSpan.FromMinutes(9), $"SQS gives up after {hidden}");
        Assert.Empty(sqs.Dead);
        Assert.Empty(handler.Handled);
        Return();

        Assert.Empty(await ReceiveAsync(consume, MaxReceives));
        Assert.Equal(["e-1", "e-2"], handler.Handled.Order());
        var records = await _server.Client.ScanAsync(new ScanRequest { TableName = _inbox });
        Assert.Equal(["1", "1"], records.Items.Select(record => record["deliveries"].N));
    }

    private static Task<JobReport> RunAsync(SweepRelayFunction sweep) =>
        sweep.HandleAsync(new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(55)));

    private static async Task<IEnumerable<string>> ReceiveAsync(ConsumeFunction consume, int receive)
    {
        var answer = await consume.HandleAsync(
            new SQSEvent
            {
                Records = [.. new[] { 1, 2 }.Select(number => new SQSEvent.SQSMessage
                {
                    MessageId = $"m-{number}",
                    ReceiptHandle = $"handle-{number}",
                    Body = Rows.Envelope($"e-{number}"),
                    Attributes = new() { ["ApproximateReceiveCount"] = $"{receive}" },
                    MessageAttributes = [],
                    EventSourceArn = "arn:aws:sqs:us-east-1:000000000000:queue",
                })],
            },
            new FakeLambdaContext(TimeSpan.FromSeconds(30)));
        return answer.BatchItemFailures.Select(failure => failure.ItemIdentifier);
    }

    private void Leave() => _network.OnCall = (_, _, _) => throw new HttpRequestException("DynamoDB is away.");

    private void Return() => _network.OnCall = null;

    private SweepRelayFunction Sweep(ScriptedSqs sqs)
    {
        var options = new RelayOptions();
        var repository = new DynamoDbOutboxRepository(_client, OutboxOptions, _clock, SystemEntropy.Instance);
        var publisher = new SqsMessagePublisher(
            sqs, MessageFormats.Get("envelope"), new SqsPublisherOptions { QueueUrl = "http://127.0.0.1/1/q" },
            _clock, NullLogger<SqsMessagePublisher>.Instance);
        return new SweepRelayFunction(
            new OutboxRelay(repository, publisher, options, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            repository,
            options,
            new SweepOptions(TimeSpan.Zero),
            _clock,
            new MetricsWriter("SweepRelay", "test", _clock, new JsonLines(Stream.Null)),
            NullLogger<SweepRelayFunction>.Instance);
    }

    private ConsumeFunction Consume(MemorySqs sqs, Handler<string> handler) => new(
        new InboxConsumer(
            new DynamoDbInboxRepository(
                _client, new DynamoDbInboxOptions { TableName = _inbox }, OutboxOptions, _clock, SystemEntropy.Instance),
            new HandlerRegistry("default").AddRaw("orders.>", handler),
            new ConsumerOptions(), _clock, SystemEntropy.Instance, NullLogger<InboxConsumer>.Instance),
        new SqsReader(),
        new SqsDeadLetters(sqs, "http://127.0.0.1/1/dead"),
        new SqsVisibility(sqs, "http://127.0.0.1/1/q", NullLogger<SqsVisibility>.Instance),
        _clock,
        new MetricsWriter("Consume", "test", _clock, new JsonLines(Stream.Null)));

    private Task PutDueRowAsync()
    {
        var item = Rows.Item("e-1");
        item["dueShard"] = Rows.S("1");
        item["dueAt"] = Rows.N(_clock.GetUtcNow().AddMinutes(-1).ToUnixTimeMilliseconds());
        return _server.Client.PutItemAsync(_outbox, item);
    }

    private async Task WasSentAsync()
    {
        var row = (await _server.Client.GetItemAsync(_outbox, Rows.Key("e-1"), consistentRead: true)).Item;
        Assert.Equal("sent", row["status"].S);
        Assert.Equal("0", row.TryGetValue("attempts", out var attempts) ? attempts.N : "0");
    }
}
