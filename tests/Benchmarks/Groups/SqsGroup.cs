using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Queues;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Sqs;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it saves to send ten messages in a call, and several calls at once.</summary>
internal sealed class SqsGroup : IBenchmarkGroup
{
    private const int Events = 1_000;

    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(5);
    private static readonly IMessageFormat Format = MessageFormats.Get(null);

    public string Id => "sqs";

    public string Title => "SQS publish, 1 KiB, against a queue that answers in 5 ms";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var events = Enumerable.Range(0, Events)
            .Select(i => new OutboxEvent { EventId = $"e-{i}", Subject = "orders.placed", Payload = BenchPayload.Text }).ToList();
        var sqs = new DelayedSqs(Answer);
        var publisher = new SqsMessagePublisher(
            sqs, Format, new SqsPublisherOptions { QueueUrl = DelayedSqs.QueueUrl }, TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);
        await run.CompareAsync(
            new Comparison("Messages sent", [Metric.Rate("messages")], [
                Arm.Throughput("one by one", run.Options.Of(200), SendEachAsync),
                Arm.Throughput($"the publisher, {Events} at once", Events, PublishAsync, target: Target.AtLeast(70)),
            ])
            { Rows = "15" },
            cancellationToken);

        var before = sqs.Calls;
        await PublishAsync(Events, cancellationToken);
        run.Count($"Calls for {Events} messages", sqs.Calls - before, "", Target.Exactly(Events / 10), "15");
        run.Note(
            "The queue is in the same process: what the network and the service take is the 5 ms, what the client's HTTP takes is not measured.");

        async Task SendEachAsync(long messages, CancellationToken ct)
        {
            for (var i = 0; i < messages; i++)
            {
                var entry = SqsEntry.Create(0, events[i % Events], Format, new SqsPublisherOptions { QueueUrl = "" });
                await sqs.SendMessageAsync(
                    new SendMessageRequest { QueueUrl = DelayedSqs.QueueUrl, MessageBody = entry.Body, MessageAttributes = entry.Attributes }, ct);
            }
        }

        async Task PublishAsync(long messages, CancellationToken ct)
        {
            for (var sent = 0L; sent < messages; sent += Events)
            {
                var outcomes = await publisher.PublishAsync(events.GetRange(0, (int)Math.Min(Events, messages - sent)), ct);
                if (outcomes.Any(outcome => outcome != PublishOutcome.Accepted))
                {
                    throw new InvalidOperationException("A message was not accepted.");
                }
            }
        }
    }
}
