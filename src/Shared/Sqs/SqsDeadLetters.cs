using System.Text;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>
/// Copies a message to the dead-letter queue, with the reason as attributes. The error code is always there. Where SQS does not
/// take all, attributes are left out: first those of other producers, then what the body of an envelope or a CloudEvent says as
/// well, then the original's id, and the error's text is cut. Where even that is not enough, the body is compressed.
/// </summary>
/// <param name="sqs">The client; its own retries come first.</param>
/// <param name="deadLetterQueueUrl">The dead-letter queue's URL.</param>
internal sealed class SqsDeadLetters(IAmazonSQS sqs, string deadLetterQueueUrl)
{
    private const int MaxAttributes = 10;

    /// <summary>Sends the copy. The original may be deleted only once this has returned.</summary>
    /// <param name="messageId">The original's id.</param>
    /// <param name="body">The original's body.</param>
    /// <param name="attributes">The original's attributes.</param>
    /// <param name="groupId">The original's message group, on a FIFO queue.</param>
    /// <param name="errorCode">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="reason">Why, in words, without payload.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task SendAsync(
        string messageId,
        string body,
        IReadOnlyDictionary<string, MessageAttributeValue> attributes,
        string? groupId,
        string errorCode,
        string reason,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        var all = new Dictionary<string, MessageAttributeValue>(attributes)
        {
            [SqsAttributes.ErrorCode] = SqsEntry.Text(errorCode),
            [SqsAttributes.ErrorMessage] = SqsEntry.Text(ErrorText.Bound(reason)),
            [SqsAttributes.SourceMessageId] = SqsEntry.Text(messageId),
        };
        try
        {
            await SendAsync(Fit(all, body, SqsPublisherOptions.MaxMessageBytes));
        }
        catch (AmazonSQSException e) when (SqsFault.Of(e, cancellationToken).IsAboutContent)
        {
            // This queue takes less than SQS does.
            await SendAsync(Fit(all, body, 0));
        }

        Task SendAsync((string Body, Dictionary<string, MessageAttributeValue> Attributes) copy)
        {
            var fifo = deadLetterQueueUrl.EndsWith(".fifo", StringComparison.Ordinal);
            var request = new SendMessageRequest
            {
                QueueUrl = deadLetterQueueUrl,
                MessageBody = copy.Body,
                MessageAttributes = copy.Attributes,
                MessageGroupId = fifo ? groupId ?? SqsText.ToId(messageId) : null,
                MessageDeduplicationId = fifo ? SqsText.ToId(messageId) : null,
            };
            return LargeCalls.BeginAsync(
                SqsEntry.SizeOf(copy.Body, copy.Attributes), () => sqs.SendMessageAsync(request, cancellationToken));
        }
    }

    private static (string Body, Dictionary<string, MessageAttributeValue> Attributes) Fit(
        Dictionary<string, MessageAttributeValue> all, string body, int limit)
    {
        var fitting = Cut(all, body, limit);
        if (SqsEntry.SizeOf(body, fitting) <= limit)
        {
            return (body, fitting);
        }

        using var text = PooledBuffer.Of(body);
        var compressed = Gzip.Compress(text.Written.Span);
        if (compressed.Length >= text.Written.Length)
        {
            return (body, fitting);
        }

        all = new Dictionary<string, MessageAttributeValue>(all)
        {
            [SqsAttributes.Body] = new MessageAttributeValue { DataType = "Binary", BinaryValue = new MemoryStream(compressed) },
        };
        return (SqsAttributes.EmptyBody, Cut(all, SqsAttributes.EmptyBody, limit));
    }

    // Takes out what the copy can do without, in its order, until it fits or nothing of the kind is left.
    private static Dictionary<string, MessageAttributeValue> Cut(Dictionary<string, MessageAttributeValue> all, string body, int limit)
    {
        var kept = new Dictionary<string, MessageAttributeValue>(all);
        var size = SqsEntry.SizeOf(body, kept);
        foreach (var name in Dispensable(all))
        {
            if (size <= limit && kept.Count <= MaxAttributes)
            {
                break;
            }

            size -= SqsEntry.SizeOf(name, kept[name]);
            kept.Remove(name);
        }

        if (size > limit)
        {
            var text = kept[SqsAttributes.ErrorMessage].StringValue;
            var cut = ErrorText.Cut(text, Encoding.UTF8.GetByteCount(text) - (size - limit));
            kept[SqsAttributes.ErrorMessage] = SqsEntry.Text(cut);
            if (cut.Length == 0)
            {
                kept.Remove(SqsAttributes.ErrorMessage);
            }
        }

        return kept;
    }

    private static IEnumerable<string> Dispensable(Dictionary<string, MessageAttributeValue> all)
    {
        string[] inBody = [SqsAttributes.Format, SqsAttributes.Subject, SqsAttributes.EventId];
        var needed = all.GetValueOrDefault(SqsAttributes.Format)?.StringValue == RawFormat.FormatName ? inBody : [];
        return all.Keys.Where(name => !SqsAttributes.IsOwn(name)).OrderDescending(StringComparer.Ordinal)
            .Concat(inBody.Except(needed))
            .Append(SqsAttributes.SourceMessageId)
            .Where(all.ContainsKey);
    }
}
