using System.Globalization;
using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.SQS;
using Amazon.Lambda.Core;
using Amazon.Lambda.SQSEvents;
using Relaybox.Diagnostics;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Functions.Consume;

/// <summary>Takes a batch of queue messages through the inbox to the handlers, and tells SQS which of them to keep.</summary>
internal sealed class ConsumeFunction(
    InboxConsumer consumer,
    SqsReader reader,
    SqsDeadLetters deadLetters,
    SqsVisibility visibility,
    TimeProvider time,
    MetricsWriter metrics) : IFunction<SQSEvent, SQSBatchResponse>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "ConsumeFunction")]
    [SQSEvent("@Queue", ResourceName = "Messages", BatchSize = 10, MaximumBatchingWindowInSeconds = 0, MaximumConcurrency = 10)]
    public async Task<SQSBatchResponse> HandleAsync(SQSEvent input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var deliveries = (input?.Records ?? [])
            .Where(record => record is not null)
            .Select(record => new SqsDelivery(record, reader, deadLetters, visibility))
            .ToList();
        var outcomes = await consumer.ConsumeAsync(deliveries, deadline, scope.Token);

        using var settling = Spans.Begin(Spans.Settle, deliveries.Count);
        var failures = new List<SQSBatchResponse.BatchItemFailure>();
        var delays = new List<(string, TimeSpan)>();
        for (var i = 0; i < deliveries.Count; i++)
        {
            if (outcomes[i] is MessageOutcome.Retry retry)
            {
                failures.Add(new SQSBatchResponse.BatchItemFailure { ItemIdentifier = deliveries[i].MessageId });
                delays.Add((deliveries[i].ReceiptHandle, retry.Delay));
            }
        }

        await visibility.DelayAsync(delays, scope.Token);
        Report(ConsumedCounts.Of(outcomes));
        return new SQSBatchResponse(failures);
    }

    private void Report(ConsumedCounts counts) => metrics.Report(
        string.Create(
            CultureInfo.InvariantCulture,
            $"Batch of {counts.Received} messages: {counts.Processed} processed, {counts.Duplicates} duplicates, "
            + $"{counts.Retried} to come again, {counts.DeadLettered} dead-lettered"),
        ConsumeMetrics.Of(counts));
}
