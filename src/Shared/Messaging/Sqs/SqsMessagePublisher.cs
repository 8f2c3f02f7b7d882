using System.Globalization;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Outbox;

namespace Relaybox.Messaging.Sqs;

/// <summary>
/// Sends events to an SQS queue: ten per call, several calls in flight. Only an id that the service lists as successful
/// counts as accepted; one that it lists nowhere is unknown.
/// </summary>
/// <param name="sqs">The client; its own retries come first.</param>
/// <param name="format">How events look on the wire.</param>
/// <param name="options">Where to send, and how much at once.</param>
/// <param name="time">The clock: each message says when it was sent.</param>
/// <param name="logger">The log.</param>
public sealed class SqsMessagePublisher(
    IAmazonSQS sqs, IMessageFormat format, SqsPublisherOptions options, TimeProvider time, ILogger<SqsMessagePublisher> logger) : IMessagePublisher
{
    private const int MaxEntries = 10;

    /// <inheritdoc />
    public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(
        IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        var outcomes = new PublishOutcome[events.Count];
        var batches = ToBatches(events, outcomes);
        using var slots = new SemaphoreSlim(options.IsFifo ? 1 : options.Concurrency);
        await Task.WhenAll(batches.Select(batch => SendInSlotAsync(slots, batch, outcomes, cancellationToken)));
        return outcomes;
    }

    private List<List<SqsEntry>> ToBatches(IReadOnlyList<OutboxEvent> events, PublishOutcome[] outcomes)
    {
        var batches = new List<List<SqsEntry>>((events.Count / MaxEntries) + 1);
        List<SqsEntry>? batch = null;
        var bytes = 0;
        var now = time.GetUtcNow();
        for (var i = 0; i < events.Count; i++)
        {
            var entry = SqsEntry.Create(i, events[i], format, options.IsFifo, now);
            if (entry.Size > options.MaxBatchBytes)
            {
                outcomes[i] = entry.TooLarge(options.MaxBatchBytes);
                continue;
            }

            if (batch is null || batch.Count == MaxEntries || bytes + entry.Size > options.MaxBatchBytes)
            {
                batches.Add(batch = new List<SqsEntry>(MaxEntries));
                bytes = 0;
            }

            batch.Add(entry);
            bytes += entry.Size;
        }

        return batches;
    }

    private async Task SendInSlotAsync(
        SemaphoreSlim slots, List<SqsEntry> batch, PublishOutcome[] outcomes, CancellationToken cancellationToken)
    {
        try
        {
            await slots.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            SetAll(batch, outcomes, PublishOutcome.Unavailable("The deadline came before the message was sent."));
            return;
        }

        try
        {
            await SendAsync(batch, outcomes, cancellationToken);
        }
        finally
        {
            slots.Release();
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
            refused = Read(await sqs.SendMessageBatchAsync(request, cancellationToken), batch, outcomes);
        }
        catch (Exception e)
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
