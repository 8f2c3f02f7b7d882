using System.Globalization;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Sqs;

/// <summary>
/// Sends events to an SQS queue: ten per call, several calls in flight. Only an id that the service lists as successful
/// counts as accepted; one that it lists nowhere is unknown.
/// </summary>
/// <param name="sqs">The client; its own retries come first.</param>
/// <param name="format">How events look on the wire.</param>
/// <param name="options">Where to send, and how much at once.</param>
/// <param name="time">The clock: each message says when it was sent.</param>
/// <param name="logger">The log.</param>
internal sealed class SqsMessagePublisher(
    IAmazonSQS sqs, IMessageFormat format, SqsPublisherOptions options, TimeProvider time, ILogger<SqsMessagePublisher> logger) : IFlowPublisher
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(
        IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        var batch = new WholeBatch(events);
        await PublishAsync(batch, options.IsFifo ? 1 : options.Concurrency, cancellationToken);
        return batch.Outcomes;
    }

    // The flow keeps the order of each key, so that a FIFO queue may have several calls in flight, too.
    Task IFlowPublisher.PublishAsync(IEventFlow flow, CancellationToken cancellationToken) =>
        PublishAsync(flow, options.Concurrency, cancellationToken);

    private async Task PublishAsync(IEventFlow flow, int concurrency, CancellationToken cancellationToken)
    {
        var outcomes = new PublishOutcome[flow.Count];
        using var calls = new SqsCalls(
            (batch, token) => SendAsync(batch, outcomes, token), concurrency, options.MaxBatchBytes, time);
        while (true)
        {
            var now = time.GetUtcNow();
            foreach (var (number, outboxEvent) in flow.Take())
            {
                var entry = SqsEntry.Create(number, outboxEvent, format, options, now);
                if (entry.Size > options.MaxBatchBytes)
                {
                    flow.Answer(number, entry.TooLarge(options.MaxBatchBytes));
                }
                else
                {
                    calls.Add(entry);
                }
            }

            foreach (var entry in calls.Begin(cancellationToken))
            {
                flow.Answer(entry.Index, PublishOutcome.Unavailable("The deadline came before the message was sent."));
            }

            if (calls.AreDone)
            {
                return;
            }

            foreach (var entry in await calls.AnsweredAsync())
            {
                flow.Answer(entry.Index, outcomes[entry.Index]);
            }
        }
    }

    private async Task SendAsync(List<SqsEntry> batch, PublishOutcome[] outcomes, CancellationToken cancellationToken)
    {
        List<SqsEntry> refused;
        try
        {
            using var step = Spans.Begin(Spans.Send, batch.Count);
            var request = new SendMessageBatchRequest
            {
                QueueUrl = options.QueueUrl,
                Entries = [.. batch.Select((entry, position) => entry.ToRequestEntry(position))],
            };
            var response = await LargeCalls.BeginAsync(
                batch.Sum(entry => (long)entry.Size), () => sqs.SendMessageBatchAsync(request, cancellationToken));
            refused = Read(response, batch, outcomes);
        }
        catch (Exception e) when (!MemoryFault.IsIn(e))
        {
            var fault = SqsFault.Of(e, cancellationToken);
            Log.SendBatchFailed(logger, batch.Count, fault.Code);
            if (fault.IsAboutContent && batch.Count > 1)
            {
                // The service refused the call as a whole: the fault of one message must not become that of the others.
                await SendAsync(batch[..(batch.Count / 2)], outcomes, cancellationToken);
                await SendAsync(batch[(batch.Count / 2)..], outcomes, cancellationToken);
                return;
            }

            SetAll(batch, outcomes, fault.ToOutcome());
            refused = fault.IsAboutContent && SqsFault.RefusesCharacters(fault.Code) ? batch : [];
        }

        foreach (var entry in refused.Where(entry => !entry.IsEncoded).Select(entry => entry.AsBase64()))
        {
            if (entry.Size <= options.MaxBatchBytes)
            {
                await SendAsync([entry], outcomes, cancellationToken);
            }
        }
    }

    /// <summary>Takes over what the service says of each message; returns those whose characters it refused.</summary>
    private static List<SqsEntry> Read(SendMessageBatchResponse response, List<SqsEntry> batch, PublishOutcome[] outcomes)
    {
        SetAll(batch, outcomes, PublishOutcome.Unknown("The answer does not name the message."));
        foreach (var sent in response.Successful ?? [])
        {
            if (Find(batch, sent.Id) is { } entry)
            {
                outcomes[entry.Index] = PublishOutcome.Accepted;
            }
        }

        var refused = new List<SqsEntry>();
        foreach (var failed in response.Failed ?? [])
        {
            if (Find(batch, failed.Id) is { } entry)
            {
                if (SqsFault.RefusesCharacters(failed.Code))
                {
                    refused.Add(entry);
                }

                outcomes[entry.Index] = SqsFault.IsThrottle(failed.Code)
                    ? PublishOutcome.Unavailable($"The queue throttles ({failed.Code}).")
                    : failed.SenderFault == true
                        ? PublishOutcome.Rejected(ErrorCodes.PublishRejected, $"The queue refused the message ({failed.Code}).")
                        : PublishOutcome.Unknown($"The queue failed on the message ({failed.Code}).");
            }
        }

        return refused;
    }

    private static SqsEntry? Find(List<SqsEntry> batch, string? id) =>
        int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var position) && position < batch.Count
            ? batch[position]
            : null;

    private static void SetAll(List<SqsEntry> batch, PublishOutcome[] outcomes, PublishOutcome outcome)
    {
        foreach (var entry in batch)
        {
            outcomes[entry.Index] = outcome;
        }
    }
}
