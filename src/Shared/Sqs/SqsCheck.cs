using System.Globalization;
using System.Net;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Operations;
using Relaybox.Settings;
using static System.FormattableString;

namespace Relaybox.Sqs;

/// <summary>Whether queue and dead-letter queue are there, lead to each other, and keep messages for as long as the inbox remembers.</summary>
/// <param name="sqs">Gives the client.</param>
/// <param name="queues">The queues.</param>
/// <param name="settings">What the queues have to fit.</param>
internal sealed class SqsCheck(Func<IAmazonSQS> sqs, SqsSettings queues, RelayboxSettings settings) : IDoctorCheck
{
    private const string Docs = "docs/deploy.md has a queue as it has to be.";

    // SQS takes no more, in seconds.
    private const double MostVisible = 43_200;

    /// <inheritdoc />
    public string Name => "queue";

    /// <inheritdoc />
    public string Passed => "Queue and dead-letter queue are there, lead to each other, and the inbox remembers what they keep.";

    private string Url => queues.Publisher.QueueUrl;

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        if (Url.Length == 0)
        {
            return [Finding.Unknown("queue.unnamed", "QUEUE_URL is not set, so that no queue was looked at.", "Set it as the functions have it.")];
        }

        var found = new List<Finding>();
        var queue = await ReadAsync("QUEUE_URL", Url, found, cancellationToken);
        if (queues.DeadLetterQueueUrl.Length == 0)
        {
            found.Add(Finding.Unknown(
                "queue.relay-only",
                "DEAD_LETTER_QUEUE_URL is not set: the queue is looked at only as one that events are sent to.",
                "Where this system has a consumer of its own, set it as the functions have it."));
            return found;
        }

        var dead = await ReadAsync("DEAD_LETTER_QUEUE_URL", queues.DeadLetterQueueUrl, found, cancellationToken);
        if (queue is not null)
        {
            found.AddRange(JudgeQueue(queue, dead));
        }

        if (dead is not null)
        {
            found.AddRange(JudgeDeadLetterQueue(dead));
        }

        if (queue is not null && dead is not null)
        {
            found.AddRange(JudgeRetention(queue, dead));
        }

        return found;
    }

    private async Task<Queue?> ReadAsync(string variable, string url, List<Finding> found, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await sqs().GetQueueAttributesAsync(
                new GetQueueAttributesRequest { QueueUrl = url, AttributeNames = ["All"] }, cancellationToken);
            return new Queue(answer.Attributes ?? []);
        }
        catch (AmazonSQSException e) when (
            e is QueueDoesNotExistException || e.ErrorCode?.Contains("NonExistentQueue", StringComparison.Ordinal) == true)
        {
            found.Add(Finding.Problem(
                "queue.missing",
                $"The queue that {variable} names is not there.",
                $"Deploy the stack again, or set {variable} to a queue of this account and region: aws sqs list-queues"));
        }
        catch (AmazonSQSException e) when (e.StatusCode == HttpStatusCode.Forbidden
            || e.ErrorCode?.Contains("AccessDenied", StringComparison.Ordinal) == true)
        {
            found.Add(Finding.Unknown(
                "queue.refused",
                $"SQS does not let this user look at the queue of {variable} ({e.ErrorCode}).",
                "Grant sqs:GetQueueAttributes on it."));
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            found.Add(Finding.Problem(
                $"{Name}.failed",
                $"SQS cannot be used ({SqsFault.Of(e, cancellationToken).Code}).",
                "Check QUEUE_URL, DEAD_LETTER_QUEUE_URL and AWS_REGION, the credentials, and the way to SQS."));
        }

        return null;
    }

    private IEnumerable<Finding> JudgeQueue(Queue queue, Queue? dead)
    {
        if (queue.Text(QueueAttributeName.RedrivePolicy) is not { } policy)
        {
            yield return Finding.Problem(
                "queue.no-redrive",
                "The queue has no redrive policy: a message that ends the consumer's process comes back until SQS deletes it, unseen.",
                Set(Url, $$"""{"RedrivePolicy":"{\"deadLetterTargetArn\":\"{{dead?.Arn ?? "ARN"}}\",\"maxReceiveCount\":\"10\"}"}"""));
        }
        else
        {
            var (target, count) = ReadPolicy(policy);
            if (dead?.Arn is { } wanted && target != wanted)
            {
                yield return Finding.Problem(
                    "queue.other-redrive",
                    "The queue's redrive policy leads to another queue than the one that DEAD_LETTER_QUEUE_URL names: "
                    + "what SQS moves there nobody sees.",
                    Set(Url, $$"""{"RedrivePolicy":"{\"deadLetterTargetArn\":\"{{wanted}}\",\"maxReceiveCount\":\"10\"}"}"""));
            }

            if (count < settings.Consumer.MaxAttempts)
            {
                yield return Finding.Problem(
                    "queue.few-receives",
                    Invariant(
                        $"SQS moves a message away after {count} receives (maxReceiveCount), before its {settings.Consumer.MaxAttempts} attempts ")
                    + "(INBOX_MAX_ATTEMPTS) are used.",
                    "Raise maxReceiveCount in the queue's redrive policy, to 10 or more, or lower INBOX_MAX_ATTEMPTS.");
            }
        }

        if (queue.Seconds(QueueAttributeName.VisibilityTimeout) is { } visible && visible < settings.Consumer.Lease)
        {
            yield return Finding.Problem(
                "queue.visible-too-soon",
                Invariant($"A message comes back after {visible.TotalSeconds:0} s (VisibilityTimeout), while a handler may hold it for ")
                + Invariant($"{settings.Consumer.Lease.TotalSeconds:0} s (INBOX_LEASE_SECONDS): each of its returns counts as a receive."),
                Set(Url, Invariant($$"""{"VisibilityTimeout":"{{Math.Min(MostVisible, 6 * settings.Consumer.Lease.TotalSeconds):0}}"}""")));
        }

        if (dead is not null && queue.Seconds(QueueAttributeName.MessageRetentionPeriod) is { } kept
            && dead.Seconds(QueueAttributeName.MessageRetentionPeriod) is { } keptDead && keptDead <= kept)
        {
            yield return Finding.Problem(
                "queue.dead-too-short",
                Invariant($"The dead-letter queue keeps messages for {keptDead.TotalHours:0} hours, the queue for {kept.TotalHours:0}. ")
                + "Of a message that SQS moves the time in the queue counts: it can be deleted as it arrives.",
                Set(queues.DeadLetterQueueUrl, """{"MessageRetentionPeriod":"1209600"}"""));
        }
    }

    private IEnumerable<Finding> JudgeDeadLetterQueue(Queue dead)
    {
        if (dead.Text(QueueAttributeName.RedrivePolicy) is not null)
        {
            yield return Finding.Problem(
                "queue.dead-redrive",
                "The dead-letter queue has a redrive policy of its own: SQS counts every look as a receive, and moves the dead letters on.",
                Set(queues.DeadLetterQueueUrl, """{"RedrivePolicy":""}"""));
        }

        if (queues.Publisher.IsFifo != queues.DeadLetterQueueUrl.EndsWith(".fifo", StringComparison.Ordinal))
        {
            yield return Finding.Problem(
                "queue.dead-other-kind",
                "Of queue and dead-letter queue one is a FIFO queue and the other is not: SQS moves nothing from one to the other.",
                $"Make a dead-letter queue of the queue's kind, and name it in DEAD_LETTER_QUEUE_URL. {Docs}");
        }
    }

    private IEnumerable<Finding> JudgeRetention(Queue queue, Queue dead)
    {
        if (queue.Seconds(QueueAttributeName.MessageRetentionPeriod) is { } kept
            && dead.Seconds(QueueAttributeName.MessageRetentionPeriod) is { } keptDead
            && settings.WhyForgetful(new MessageHorizon(kept + keptDead, "as queue and dead-letter queue together keep messages")) is { } why)
        {
            yield return Finding.Problem("queue.inbox-forgets", why);
        }
    }

    private static string Set(string url, string attributes) => $"aws sqs set-queue-attributes --queue-url {url} --attributes '{attributes}'";

    // SQS gives the number as a number or as a text, as it was set.
    private static (string? Target, int Count) ReadPolicy(string policy)
    {
        try
        {
            using var document = JsonDocument.Parse(policy);
            var count = document.RootElement.GetProperty("maxReceiveCount");
            return (
                document.RootElement.GetProperty("deadLetterTargetArn").GetString(),
                count.ValueKind == JsonValueKind.Number ? count.GetInt32() : int.Parse(count.GetString()!, CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, 0);
        }
    }

    private sealed class Queue(Dictionary<string, string> attributes)
    {
        internal string? Arn => Text(QueueAttributeName.QueueArn);

        internal string? Text(string name) => attributes.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;

        internal TimeSpan? Seconds(string name) =>
            long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
    }
}
