using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Operations;

namespace Relaybox.Sqs;

/// <summary>
/// The dead-letter queue for operators. SQS shows a message only to who receives it: a look holds what it has received, and gives it back at
/// its end, or loses it to others when <see cref="Hold"/> is over.
/// </summary>
/// <param name="sqs">The client; its own retries come first.</param>
/// <param name="queueUrl">The queue that dead letters go back to.</param>
/// <param name="deadLetterQueueUrl">The dead-letter queue.</param>
/// <param name="reader">Reads a message as an event.</param>
/// <param name="visibility">Gives messages back.</param>
/// <param name="time">The clock.</param>
internal sealed class SqsDeadLetterQueue(
    IAmazonSQS sqs, string queueUrl, string deadLetterQueueUrl, SqsReader reader, SqsVisibility visibility, TimeProvider time) : IDeadLetters
{
    private static readonly string[] Counts =
        [nameof(GetQueueAttributesResponse.ApproximateNumberOfMessages), nameof(GetQueueAttributesResponse.ApproximateNumberOfMessagesNotVisible)];

    /// <summary>How long a message is held without a sign of life. Default: two minutes, in whole seconds.</summary>
    internal TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The most messages that one look holds. Default: 10,000; SQS lets 20,000 of a FIFO queue be in hand.</summary>
    internal int MostHeld { get; init; } = 10_000;

    /// <inheritdoc />
    public bool KeepsPlaces => false;

    /// <inheritdoc />
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        var (visible, inHand) = await CountsAsync(cancellationToken);
        return visible + inHand;
    }

    /// <inheritdoc />
    public async Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            () => sqs.GetQueueAttributesAsync(
                new GetQueueAttributesRequest { QueueUrl = deadLetterQueueUrl, AttributeNames = [QueueAttributeName.RedrivePolicy] },
                cancellationToken),
            cancellationToken);
        if (response.Attributes?.GetValueOrDefault(QueueAttributeName.RedrivePolicy) is { Length: > 0 })
        {
            throw new RequestException(
                "The dead-letter queue has a redrive policy of its own. SQS counts every look as a receive, and would move the dead letters on. "
                + "Take the policy (RedrivePolicy) off the dead-letter queue first.");
        }

        return new SqsDeadLetterLook(this, sqs, queueUrl, deadLetterQueueUrl, reader, visibility, time);
    }

    /// <summary>How many messages can be received, and how many are in somebody's hand: about.</summary>
    internal async Task<(long Visible, long InHand)> CountsAsync(CancellationToken cancellationToken)
    {
        var response = await CallAsync(
            () => sqs.GetQueueAttributesAsync(
                new GetQueueAttributesRequest { QueueUrl = deadLetterQueueUrl, AttributeNames = [.. Counts] }, cancellationToken),
            cancellationToken);
        return (Read(Counts[0]), Read(Counts[1]));

        long Read(string name) =>
            long.TryParse(response.Attributes?.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    /// <summary>Makes a call, and says in our words what went wrong with it.</summary>
    /// <exception cref="DeadLettersFailedException">It failed.</exception>
    internal static async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (AmazonSQSException e) when (e.StatusCode is HttpStatusCode.Forbidden
            || e.ErrorCode?.Contains("AccessDenied", StringComparison.Ordinal) == true)
        {
            throw new DeadLettersFailedException(
                "SQS refuses the user (AccessDenied). Dead letters need sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:ChangeMessageVisibility "
                + "and sqs:DeleteMessage on the dead-letter queue, and sqs:SendMessage on the queue.",
                e);
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            var code = SqsFault.Of(e, cancellationToken).Code;
            throw new DeadLettersFailedException(
                $"SQS cannot be used ({code}). Check QUEUE_URL and DEAD_LETTER_QUEUE_URL, the credentials and the way to SQS.", e);
        }
    }
}
