using System.Globalization;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Operations;

namespace Relaybox.Sqs;

/// <summary>One look at a dead-letter queue: what it has received is held until its end.</summary>
internal sealed class SqsDeadLetterLook(
    SqsDeadLetterQueue queue,
    IAmazonSQS sqs,
    string queueUrl,
    string deadLetterQueueUrl,
    SqsReader reader,
    SqsVisibility visibility,
    TimeProvider time) : IDeadLetterLook
{
    private const int MostAtOnce = 10;

    // So many answers in a row without a new message: what is left comes back to us again and again.
    private const int MostRepeats = 5;

    // All servers of the queue are asked.
    private const int LongPollSeconds = 1;

    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);

    // Of those before them the receipts are enough.
    private Dictionary<string, Message> _page = [];

    private bool IsFifo => queueUrl.EndsWith(".fifo", StringComparison.Ordinal);

    /// <inheritdoc />
    public string? Cursor => null;

    /// <inheritdoc />
    public bool IsWhole { get; private set; }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DeadLetter>> NextAsync(int limit, CancellationToken cancellationToken)
    {
        for (var repeats = 0; repeats < MostRepeats && _held.Count < queue.MostHeld; repeats++)
        {
            var request = new ReceiveMessageRequest
            {
                QueueUrl = deadLetterQueueUrl,
                MaxNumberOfMessages = Math.Min(limit, MostAtOnce),
                VisibilityTimeout = (int)queue.Hold.TotalSeconds,
                WaitTimeSeconds = LongPollSeconds,
                MessageAttributeNames = ["All"],
                MessageSystemAttributeNames = ["All"],
            };
            var response = await SqsDeadLetterQueue.CallAsync(() => sqs.ReceiveMessageAsync(request, cancellationToken), cancellationToken);
            if (response.Messages is not { Count: > 0 } messages)
            {
                IsWhole = true;
                return [];
            }

            foreach (var message in messages)
            {
                _held[message.MessageId] = new Held(message.ReceiptHandle, time.GetTimestamp());
            }

            if (messages.Where(message => _shown.Add(message.MessageId)).ToList() is { Count: > 0 } shown)
            {
                _page = shown.ToDictionary(message => message.MessageId, StringComparer.Ordinal);
                return [.. shown.Select(Read)];
            }
        }

        return [];
    }

    /// <inheritdoc />
    public async Task<long> CountInOtherHandsAsync(CancellationToken cancellationToken)
    {
        var own = _held.Values.Count(held => time.GetElapsedTime(held.At) < queue.Hold);
        return Math.Max(0, (await queue.CountsAsync(cancellationToken)).InHand - own);
    }

    /// <inheritdoc />
    public async Task<DeadLetterOutcome> RedriveAsync(DeadLetter letter, bool deletesDuplicate, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(letter);
        if (!_held.TryGetValue(letter.Id, out var held) || !await HoldAsync(held, cancellationToken))
        {
            _held.Remove(letter.Id);
            return DeadLetterOutcome.InOtherHands;
        }

        try
        {
            if (await SendAsync(_page[letter.Id], cancellationToken) is { } refusal)
            {
                return new DeadLetterOutcome(refusal);
            }
        }
        catch (MessageFormatException e)
        {
            return new DeadLetterOutcome(e.Message);
        }

        await SqsDeadLetterQueue.CallAsync(
            () => sqs.DeleteMessageAsync(deadLetterQueueUrl, held.Receipt, cancellationToken), cancellationToken);
        _held.Remove(letter.Id);
        return DeadLetterOutcome.Redriven;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // What cannot be given back comes back by itself.
        var back = _held.Values.Where(held => time.GetElapsedTime(held.At) < queue.Hold)
            .Select(held => (held.Receipt, TimeSpan.Zero)).ToList();
        _held.Clear();
        await visibility.DelayAsync(back, CancellationToken.None);
    }

    // It must not come into other hands while it is sent.
    private async Task<bool> HoldAsync(Held held, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(held.At) < queue.Hold / 2)
        {
            return true;
        }

        try
        {
            await sqs.ChangeMessageVisibilityAsync(
                deadLetterQueueUrl, held.Receipt, (int)queue.Hold.TotalSeconds, cancellationToken);
            return true;
        }
        catch (AmazonSQSException e) when (e is MessageNotInflightException or ReceiptHandleIsInvalidException
            || SqsFault.Of(e, cancellationToken).IsAboutContent)
        {
            return false;
        }
    }

    /// <returns>Why the queue refuses it; null: the queue has it.</returns>
    private async Task<string?> SendAsync(Message message, CancellationToken cancellationToken)
    {
        var attributes = new Dictionary<string, MessageAttributeValue>(message.MessageAttributes ?? [], StringComparer.Ordinal);
        foreach (var name in new[] { SqsAttributes.ErrorCode, SqsAttributes.ErrorMessage, SqsAttributes.SourceMessageId })
        {
            attributes.Remove(name);
        }

        var body = message.Body;
        if (attributes.Remove(SqsAttributes.Body, out var compressed) && compressed.BinaryValue is { } bytes)
        {
            body = Utf8.Read(Gzip.Decompress(bytes.ToArray(), SqsPublisherOptions.MaxMessageBytes));
        }

        var group = message.Attributes?.GetValueOrDefault(MessageSystemAttributeName.MessageGroupId);
        var request = new SendMessageRequest
        {
            QueueUrl = queueUrl,
            MessageBody = body,
            MessageAttributes = attributes,
            MessageGroupId = IsFifo ? group ?? SqsText.ToId(message.MessageId) : group,

            // The event's own id would be dropped, silently, within five minutes of its last sending, and the dead letter then be deleted. This
            // one is new for each death, and the same however often this dead letter is sent.
            MessageDeduplicationId = IsFifo ? SqsText.ToId($"redrive-{message.MessageId}") : null,
        };
        try
        {
            await LargeCalls.BeginAsync(SqsEntry.SizeOf(body, attributes), () => sqs.SendMessageAsync(request, cancellationToken));
            return null;
        }
        catch (AmazonSQSException e) when (SqsFault.Of(e, cancellationToken) is { IsAboutContent: true, Code: var code })
        {
            return $"the queue refuses it ({code})";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return await SqsDeadLetterQueue.CallAsync<string?>(() => Task.FromException<string?>(e), cancellationToken);
        }
    }

    private DeadLetter Read(Message message)
    {
        string? Find(string name) => message.MessageAttributes?.GetValueOrDefault(name)?.StringValue;
        OutboxEvent? outboxEvent = null;
        try
        {
            outboxEvent = reader.Read(message.Body, Find, name => message.MessageAttributes?.GetValueOrDefault(name)?.BinaryValue).Event;
        }
        catch (MessageFormatException)
        {
            // That may be why it died.
        }

        return new DeadLetter(message.MessageId)
        {
            Event = outboxEvent,
            EventId = outboxEvent?.EventId ?? Find(SqsAttributes.EventId),
            Subject = outboxEvent?.Subject ?? Find(SqsAttributes.Subject),
            ErrorCode = Find(SqsAttributes.ErrorCode),
            ErrorMessage = Find(SqsAttributes.ErrorMessage),
            DeadAt = Number(MessageSystemAttributeName.SentTimestamp) is { } sent and >= 0 and <= MostMilliseconds
                ? DateTimeOffset.FromUnixTimeMilliseconds(sent)
                : null,
            Receives = (int?)Number(MessageSystemAttributeName.ApproximateReceiveCount),
            Bytes = System.Text.Encoding.UTF8.GetByteCount(message.Body ?? ""),
            HeaderNames = outboxEvent is not null ? [.. outboxEvent.Headers.Keys] : [.. (message.MessageAttributes ?? []).Keys],
        };

        long? Number(string name) =>
            long.TryParse(message.Attributes?.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }

    // The end of the year 9999.
    private const long MostMilliseconds = 253_402_300_799_999;

    private readonly record struct Held(string Receipt, long At);
}
