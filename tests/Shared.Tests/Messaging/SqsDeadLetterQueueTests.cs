using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Operations;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The dead letters of a queue, for operators. An emulator stands for SQS.</summary>
public abstract class SqsDeadLetterQueueTests(SqsEmulator sqs, bool isFifo) : DeadLettersConformance
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Harness Sqs => (Harness)Broker;

    private protected override async Task<DeadLettersHarness> CreateHarnessAsync()
    {
        var attributes = isFifo ? new Dictionary<string, string> { ["FifoQueue"] = "true" } : null;
        return new Harness(sqs, await sqs.CreateQueueAsync("queue", attributes), await sqs.CreateQueueAsync("dead", attributes));
    }

    [Fact]
    public async Task A_queue_with_a_redrive_policy_of_its_own_is_not_looked_at()
    {
        var other = await sqs.CreateQueueAsync("other", isFifo ? new() { ["FifoQueue"] = "true" } : null);
        var arn = (await sqs.Client.GetQueueAttributesAsync(other, ["QueueArn"], Ct)).Attributes["QueueArn"];
        await sqs.Client.SetQueueAttributesAsync(
            Sqs.DeadUrl,
            new Dictionary<string, string> { ["RedrivePolicy"] = $$"""{"deadLetterTargetArn":"{{arn}}","maxReceiveCount":"2"}""" },
            Ct);
        var e = await Assert.ThrowsAsync<RequestException>(() => Broker.Letters.LookAsync(null, Ct));
        Assert.Contains("Take the policy (RedrivePolicy) off", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_that_is_not_there_is_told_with_what_to_check()
    {
        var letters = Sqs.Create(sqs.Client, Sqs.Url, $"{sqs.Endpoint}000000000000/absent{(isFifo ? ".fifo" : "")}");
        var e = await Assert.ThrowsAsync<DeadLettersFailedException>(() => letters.CountAsync(Ct));
        Assert.Contains("Check QUEUE_URL and DEAD_LETTER_QUEUE_URL", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_in_somebody_elses_hand_is_not_seen_and_counted_as_such()
    {
        await Broker.KillAsync(Event("e-1", key: "a"));
        await sqs.Client.ReceiveMessageAsync(new ReceiveMessageRequest { QueueUrl = Sqs.DeadUrl, VisibilityTimeout = 600 }, Ct);
        await using var look = await Broker.Letters.LookAsync(null, Ct);
        Assert.Empty(await look.NextAsync(10, Ct));
        Assert.True(look.IsWhole);
        Assert.Equal(1, await look.CountInOtherHandsAsync(Ct));
        Assert.Equal(1, await Broker.Letters.CountAsync(Ct));
    }

    [Fact]
    public async Task A_look_holds_no_more_than_it_may()
    {
        await Broker.KillAsync([.. Enumerable.Range(0, 25).Select(i => Event($"e-{i}", key: $"k-{i}"))]);
        var letters = Sqs.Create(sqs.Client, Sqs.Url, Sqs.DeadUrl, mostHeld: 10);
        await using var look = await letters.LookAsync(null, Ct);
        var seen = 0;
        while (await look.NextAsync(10, Ct) is { Count: > 0 } page)
        {
            seen += page.Count;
        }

        Assert.InRange(seen, 10, 19);
        Assert.False(look.IsWhole);
        Assert.Equal(0, await look.CountInOtherHandsAsync(Ct));
    }

    private sealed class Harness(SqsEmulator sqs, string url, string deadUrl) : DeadLettersHarness
    {
        // Whole seconds; long enough that a slow machine does not lose what it holds.
        private static readonly TimeSpan Hold = TimeSpan.FromSeconds(8);

        private readonly List<IAmazonSQS> _clients = [];

        public string Url => url;

        public string DeadUrl => deadUrl;

        public override IDeadLetters Letters => Create(sqs.Client, url, deadUrl);

        public override IDeadLetters LettersThatStay => Create(Keep(new ClientThatDies(sqs)), url, deadUrl);

        public override IDeadLetters LettersFromNowhere =>
            Create(sqs.Client, url.Replace("queue-", "absent-", StringComparison.Ordinal), deadUrl);

        public override bool KeepsOrder => url.EndsWith(".fifo", StringComparison.Ordinal);

        public SqsDeadLetterQueue Create(IAmazonSQS client, string queue, string dead, int mostHeld = 10_000) => new(
            client, queue, dead, new SqsReader(), new SqsVisibility(client, dead, NullLogger<SqsVisibility>.Instance), TimeProvider.System)
        {
            Hold = Hold, MostHeld = mostHeld,
        };

        public override async Task KillAsync(params OutboxEvent[] events)
        {
            var publisher = new SqsMessagePublisher(
                sqs.Client, new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = url }, TimeProvider.System,
                NullLogger<SqsMessagePublisher>.Instance);
            Assert.All(await publisher.PublishAsync(events, Ct), outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
            var dead = new SqsDeadLetters(sqs.Client, deadUrl);
            foreach (var message in await ReceiveAsync(events.Length))
            {
                await dead.SendAsync(
                    message.MessageId, message.Body, message.MessageAttributes, message.Attributes.GetValueOrDefault("MessageGroupId"),
                    ErrorCodes.SubjectUnhandled, "No handler is registered for the message's subject.", Ct);
            }
        }

        public override async Task<IReadOnlyList<(OutboxEvent Event, IReadOnlyCollection<string> Names)>> TakeAsync(int count) =>
        [
            .. (await ReceiveAsync(count)).Select(message => (
                new SqsReader().Read(message.Body, name => message.MessageAttributes.GetValueOrDefault(name)?.StringValue, _ => null).Event,
                (IReadOnlyCollection<string>)message.MessageAttributes.Keys)),
        ];

        public override async ValueTask DisposeAsync()
        {
            _clients.ForEach(client => client.Dispose());
            await sqs.Client.DeleteQueueAsync(deadUrl);
            await sqs.Client.DeleteQueueAsync(url);
        }

        private AmazonSQSClient Keep(AmazonSQSClient client)
        {
            _clients.Add(client);
            return client;
        }

        private async Task<List<Message>> ReceiveAsync(int count)
        {
            var received = new List<Message>();
            await Eventually.TrueAsync(
                async () =>
                {
                    var response = await sqs.Client.ReceiveMessageAsync(new ReceiveMessageRequest
                    {
                        QueueUrl = url, MaxNumberOfMessages = 10, WaitTimeSeconds = 1, MessageAttributeNames = ["All"],
                        MessageSystemAttributeNames = ["All"],
                    });
                    foreach (var message in response.Messages ?? [])
                    {
                        received.Add(message);
                        await sqs.Client.DeleteMessageAsync(url, message.ReceiptHandle);
                    }

                    return received.Count >= count;
                },
                $"{count} messages");
            Assert.Empty((await sqs.Client.ReceiveMessageAsync(new ReceiveMessageRequest { QueueUrl = url })).Messages ?? []);
            Assert.Equal(count, received.Count);
            return received;
        }
    }

    /// <summary>Dies before it deletes.</summary>
    private sealed class ClientThatDies(SqsEmulator sqs) : AmazonSQSClient(
        new BasicAWSCredentials("local", "local"),
        new AmazonSQSConfig { ServiceURL = sqs.Endpoint.ToString(), AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 })
    {
        public override Task<DeleteMessageResponse> DeleteMessageAsync(
            string queueUrl, string receiptHandle, CancellationToken cancellationToken = default) => throw new HttpRequestException("dead");
    }
}

public class SqsStandardDeadLettersTests(SqsEmulator sqs) : SqsDeadLetterQueueTests(sqs, isFifo: false);

public class SqsFifoDeadLettersTests(SqsEmulator sqs) : SqsDeadLetterQueueTests(sqs, isFifo: true);
