using System.Net;
using Amazon.Runtime;
using Amazon.SQS;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Messaging;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Secrets;

/// <summary>What rows and their store's and broker's exceptions hold is in no log line, no error column and no span.</summary>
public sealed class RelayCanaryTests(DynamoDbLocal dynamoDb, PostgresServer postgres, NatsServer nats) : IDisposable
{
    private readonly Canary _canary = new();
    private readonly RecordingLogger<OutboxRelay> _log = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static WorkDeadline Deadline => WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System);

    public void Dispose() => _canary.Dispose();

    public static TheoryData<string, string> Faults =>
        new MatrixTheoryData<string, string>(["dynamodb", "postgres"], ["throws", "refuses", "one refused", "too large"]);

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_SQS_says_of_a_message_is_kept_by_its_code_alone(string store, string fault)
    {
        await using var outbox = await CreateAsync(store);
        var row = Row(fault == "too large" ? 18_000 : 10);
        await outbox.Repository.FindOrCreateAsync(row, Ct);
        using var sqs = new ScriptedSqs
        {
            OnSend = (request, _) => fault switch
            {
                "throws" => throw Canary.Exception(),
                "refuses" => throw new AmazonSQSException(
                    $"Invalid content {Canary.Secret}", Canary.Exception(), ErrorType.Sender,
                    "InvalidMessageContents", "request", HttpStatusCode.BadRequest),
                _ => Task.FromResult(new Amazon.SQS.Model.SendMessageBatchResponse
                {
                    Failed = [.. request.Entries.Select(entry => new Amazon.SQS.Model.BatchResultErrorEntry
                    {
                        Id = entry.Id, SenderFault = true, Code = "InvalidMessageContents", Message = $"Invalid: {Canary.Secret}",
                    })],
                }),
            },
        };
        var publisherLog = new RecordingLogger<SqsMessagePublisher>();
        var publisher = new SqsMessagePublisher(
            sqs, new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = "http://127.0.0.1:1/0/q", MaxBatchBytes = 262_144 },
            TimeProvider.System, publisherLog);

        await RelayAsync(outbox, publisher);

        await IsHiddenAsync(outbox, row.EventId, [.. publisherLog.Lines, .. _log.Lines]);
    }

    [Theory]
    [InlineData("dynamodb")]
    [InlineData("postgres")]
    public async Task What_NATS_says_of_a_message_does_not_quote_it(string store)
    {
        await using var outbox = await CreateAsync(store);
        await using var world = new NatsWorld(nats.Url);
        var row = Row(2_000_000 / Canary.Secret.Length);
        if (store == "dynamodb")
        {
            // Its rows are smaller than what NATS refuses by size: here no stream takes the subject.
            row = Row(10);
        }

        await outbox.Repository.FindOrCreateAsync(row, Ct);

        await RelayAsync(outbox, world.CreatePublisher());

        await IsHiddenAsync(outbox, row.EventId, [.. world.PublisherLog.Lines, .. _log.Lines]);
    }

    [Fact]
    public async Task What_a_store_throws_when_an_outcome_is_recorded_is_kept_by_its_type_alone()
    {
        foreach (var mark in new[] { nameof(FakeOutbox.Sent), nameof(FakeOutbox.Retries), nameof(FakeOutbox.Parks) })
        {
            var outbox = new FakeOutbox();
            outbox.Failures[mark] = Canary.Exception();
            var publisher = new FakePublisher();
            publisher.Outcomes["unknown"] = PublishOutcome.Unknown("lost");
            publisher.Outcomes["rejected"] = PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no");
            var relay = new OutboxRelay(outbox, publisher, new RelayOptions(), SystemEntropy.Instance, _log);

            var result = await relay.RelayAsync([Claim("sent"), Claim("unknown"), Claim("rejected")], Deadline, Ct);

            Assert.NotEmpty(result.Unrecorded);
            _canary.IsNotIn([.. _log.Lines, $"{result}"]);
        }

        Assert.NotEmpty(_log.Lines);
    }

    private static OutboxClaim Claim(string eventId) =>
        new(eventId, new ClaimToken($"token-of-{eventId}"), 0) { Event = Row(1) with { EventId = eventId } };

    private static OutboxEvent Row(int times) => Sample.Event(payload: $"\"{string.Concat(Enumerable.Repeat(Canary.Secret, times))}\"") with
    {
        Headers = new Dictionary<string, string> { ["authorization"] = $"Bearer {Canary.Secret}" },
        Result = $"\"{Canary.Secret}\"",
    };

    private async Task RelayAsync(OutboxHarness outbox, IMessagePublisher publisher)
    {
        var relay = new OutboxRelay(outbox.Repository, publisher, new RelayOptions(), SystemEntropy.Instance, _log);
        await relay.DrainAsync(Deadline, Ct);
    }

    private async Task IsHiddenAsync(OutboxHarness outbox, string eventId, string[] lines)
    {
        var row = await outbox.ReadAsync(eventId);
        Assert.NotNull(row);
        Assert.Contains(Canary.Secret, row["payload"], StringComparison.Ordinal);
        Assert.NotEqual("sent", row["status"]);
        Assert.NotEmpty(lines);
        string[] written = ["payload", "headers", "result"];
        _canary.IsNotIn([.. lines, .. row.Where(column => !written.Contains(column.Key)).Select(column => column.Value)]);
    }

    private async Task<OutboxHarness> CreateAsync(string store) => store == "postgres"
        ? await PostgresOutboxHarness.CreateAsync(postgres)
        : await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
}
