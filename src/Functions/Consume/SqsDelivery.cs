using System.Globalization;
using Amazon.Lambda.SQSEvents;
using Amazon.SQS.Model;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Sqs;

namespace Relaybox.Functions.Consume;

/// <summary>A message as SQS delivered it.</summary>
internal sealed class SqsDelivery(
    SQSEvent.SQSMessage record, SqsReader reader, SqsDeadLetters deadLetters, SqsVisibility visibility) : IDelivery
{
    /// <inheritdoc />
    public string MessageId => record.MessageId;

    /// <summary>Where the delivery's visibility is changed.</summary>
    internal string ReceiptHandle => record.ReceiptHandle;

    /// <inheritdoc />
    public InboxMessage Read() =>
        Read(record, reader) with { ExtendAsync = (time, ct) => visibility.DelayAsync([(record.ReceiptHandle, time)], ct) };

    /// <inheritdoc />
    public Task CopyToDeadLettersAsync(MessageOutcome.DeadLetter dead, CancellationToken cancellationToken) =>
        deadLetters.SendAsync(
            record.MessageId, record.Body, Attributes(record), GroupId(record), dead.ErrorCode, dead.Reason, cancellationToken);

    /// <summary>Reads a message in the format that it names, or that its body shows.</summary>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    internal static InboxMessage Read(SQSEvent.SQSMessage record, SqsReader reader)
    {
        var (outboxEvent, attributes) = reader.Read(
            record.Body,
            name => record.MessageAttributes?.GetValueOrDefault(name)?.StringValue,
            name => record.MessageAttributes?.GetValueOrDefault(name)?.BinaryValue);
        return new InboxMessage(outboxEvent)
        {
            MessageId = record.MessageId,
            GroupId = GroupId(record),
            Receives = Receives(record),
            PublishedAt = InboxMessage.Earlier(attributes.PublishedAt, SentAt(record)),
        };
    }

    /// <summary>The attributes as they are sent.</summary>
    internal static Dictionary<string, MessageAttributeValue> Attributes(SQSEvent.SQSMessage record) =>
        (record.MessageAttributes ?? []).Where(attribute => attribute.Value is not null).ToDictionary(
            attribute => attribute.Key,
            attribute => new MessageAttributeValue
            {
                DataType = attribute.Value.DataType,
                StringValue = attribute.Value.StringValue,
                BinaryValue = attribute.Value.BinaryValue,
            });

    private static DateTimeOffset? SentAt(SQSEvent.SQSMessage record) =>
        long.TryParse(record.Attributes?.GetValueOrDefault("SentTimestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    private static int Receives(SQSEvent.SQSMessage record) => int.TryParse(
        record.Attributes?.GetValueOrDefault("ApproximateReceiveCount"), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        ? count
        : 1;

    // The message group, on a FIFO queue.
    private static string? GroupId(SQSEvent.SQSMessage record) =>
        record.EventSourceArn?.EndsWith(".fifo", StringComparison.Ordinal) == true
            ? record.Attributes?.GetValueOrDefault("MessageGroupId")
            : null;
}
