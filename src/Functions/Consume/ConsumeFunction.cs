using System.Globalization;
using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.SQS;
using Amazon.Lambda.Core;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Functions.Consume;

/// <summary>Takes a batch of queue messages through the inbox to the handlers, and tells SQS which of them to keep.</summary>
internal sealed class ConsumeFunction(
    InboxConsumer consumer,
    SqsDeadLetters deadLetters,
    SqsVisibility visibility,
    TimeProvider time,
    MetricsWriter metrics,
    ILogger<ConsumeFunction> logger) : IFunction<SQSEvent, SQSBatchResponse>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "ConsumeFunction")]
    [SQSEvent("@Queue", ResourceName = "Messages", BatchSize = 10, MaximumBatchingWindowInSeconds = 0, MaximumConcurrency = 10)]
    public async Task<SQSBatchResponse> HandleAsync(SQSEvent input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var records = input?.Records?.FindAll(record => record is not null) ?? [];
        var outcomes = await ConsumeAsync(records, deadline, scope.Token);
        using var settling = Spans.Begin(Spans.Settle, records.Count);
        await DeadLetterAsync(records, outcomes, scope.Token);

        var failures = new List<SQSBatchResponse.BatchItemFailure>();
        var delays = new List<(string, TimeSpan)>();
        for (var i = 0; i < records.Count; i++)
        {
            if (outcomes[i] is MessageOutcome.Retry retry)
            {
                failures.Add(new SQSBatchResponse.BatchItemFailure { ItemIdentifier = records[i].MessageId });
                delays.Add((records[i].ReceiptHandle, retry.Delay));
            }
        }

        await visibility.DelayAsync(delays, scope.Token);
        Report(outcomes);
        return new SQSBatchResponse(failures);
    }

    private async Task<MessageOutcome[]> ConsumeAsync(
        List<SQSEvent.SQSMessage> records, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var outcomes = new MessageOutcome[records.Count];
        var messages = new List<InboxMessage>(records.Count);
        var positions = new List<int>(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            try
            {
                var handle = records[i].ReceiptHandle;
                messages.Add(SqsMessageReader.Read(records[i]) with { ExtendAsync = (time, ct) => visibility.DelayAsync([(handle, time)], ct) });
                positions.Add(i);
            }
            catch (MessageFormatException e)
            {
                outcomes[i] = new MessageOutcome.DeadLetter(e.Code, e.Message);
            }
        }

        var handled = await consumer.ConsumeAsync(messages, deadline, cancellationToken);
        for (var i = 0; i < handled.Count; i++)
        {
            outcomes[positions[i]] = handled[i];
        }

        return outcomes;
    }

    /// <summary>Copies dead messages to their queue. One that could not be copied stays on its queue, and comes again.</summary>
    private async Task DeadLetterAsync(
        List<SQSEvent.SQSMessage> records, MessageOutcome[] outcomes, CancellationToken cancellationToken)
    {
        for (var i = 0; i < records.Count; i++)
        {
            if (outcomes[i] is not MessageOutcome.DeadLetter dead)
            {
                continue;
            }

            var record = records[i];
            FunctionLog.MessageDeadLettered(logger, record.MessageId, dead.ErrorCode, dead.Reason);
            try
            {
                await deadLetters.SendAsync(
                    record.MessageId,
                    record.Body,
                    SqsMessageReader.Attributes(record),
                    SqsMessageReader.GroupId(record),
                    dead.ErrorCode,
                    dead.Reason,
                    cancellationToken);
            }
            catch (Exception e)
            {
                FunctionLog.DeadLetterFailed(logger, record.MessageId, e.GetType().Name);
                outcomes[i] = new MessageOutcome.Retry(TimeSpan.FromSeconds(30), dead.ErrorCode);
            }
        }
    }

    private void Report(MessageOutcome[] outcomes)
    {
        var processed = outcomes.Count(outcome => outcome is MessageOutcome.Processed);
        var duplicates = outcomes.Count(outcome => outcome is MessageOutcome.Duplicate);
        var failed = outcomes.Count(outcome => outcome is MessageOutcome.Retry);
        var dead = outcomes.Count(outcome => outcome is MessageOutcome.DeadLetter);
        metrics.Report(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Batch of {outcomes.Length} messages: {processed} processed, {duplicates} duplicates, {failed} to come again, {dead} dead-lettered"),
            ("MessagesReceived", outcomes.Length, MetricsWriter.Count),
            ("MessagesProcessed", processed, MetricsWriter.Count),
            ("DuplicatesSuppressed", duplicates, MetricsWriter.Count),
            ("MessagesFailed", failed, MetricsWriter.Count),
            ("MessagesDeadLettered", dead, MetricsWriter.Count));
    }
}
