using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Sqs;

/// <summary>Copies a message to the dead-letter queue, with the reason as attributes.</summary>
/// <param name="sqs">The client; its own retries come first.</param>
/// <param name="deadLetterQueueUrl">The dead-letter queue's URL.</param>
internal sealed class SqsDeadLetters(IAmazonSQS sqs, string deadLetterQueueUrl)
{
    private const int MaxAttributes = 10;

    /// <summary>Sends the copy. The original may be deleted only once this has returned.</summary>
    /// <param name="messageId">The original's id.</param>
    /// <param name="body">The original's body.</param>
    /// <param name="attributes">The original's attributes; as many are kept as SQS allows.</param>
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
        var all = new Dictionary<string, MessageAttributeValue>(MaxAttributes)
        {
            [SqsAttributes.ErrorCode] = SqsEntry.Text(errorCode),
            [SqsAttributes.ErrorMessage] = SqsEntry.Text(ErrorText.Bound(reason)),
            [SqsAttributes.SourceMessageId] = SqsEntry.Text(messageId),
        };
        foreach (var (name, value) in attributes)
        {
            if (all.Count < MaxAttributes)
            {
                all.TryAdd(name, value);
            }
        }

        var fifo = deadLetterQueueUrl.EndsWith(".fifo", StringComparison.Ordinal);
        await sqs.SendMessageAsync(
            new SendMessageRequest
            {
                QueueUrl = deadLetterQueueUrl,
                MessageBody = body,
                MessageAttributes = all,
                MessageGroupId = fifo ? groupId ?? SqsText.ToId(messageId) : null,
                MessageDeduplicationId = fifo ? SqsText.ToId(messageId) : null,
            },
            cancellationToken);
    }
}
