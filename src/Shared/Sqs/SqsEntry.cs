using System.Text;
using Amazon.SQS.Model;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Sqs;

/// <summary>One event as an entry of a SendMessageBatch call.</summary>
internal sealed record SqsEntry(int Index, string Body, Dictionary<string, MessageAttributeValue> Attributes, int Size)
{
    internal string? GroupId { get; private init; }

    internal string? DeduplicationId { get; private init; }

    internal static SqsEntry Create(
        int index, OutboxEvent outboxEvent, IMessageFormat format, SqsPublisherOptions options, DateTimeOffset? publishedAt = null)
    {
        using var written = new PooledBuffer();
        format.Write(outboxEvent, written);
        var body = Encoding.UTF8.GetString(written.Written.Span);
        var attributes = SqsAttributeMap.Write(format.AttributesOf(outboxEvent) with { PublishedAt = outboxEvent.PublishedAt ?? publishedAt });
        if (outboxEvent.Headers.TryGetValue(SqsAttributes.TraceParent, out var trace) && trace.Length > 0 && SqsText.IsLegalBody(trace))
        {
            attributes[SqsAttributes.TraceParent] = Text(trace);
        }

        if (body.Length == 0)
        {
            body = SqsAttributes.EmptyBody;
            attributes[SqsAttributes.Encoding] = Text(SqsAttributes.Empty);
        }

        var entry = new SqsEntry(index, body, attributes, SizeOf(body, attributes))
        {
            GroupId = options.GroupOf(outboxEvent) is { Length: > 0 } group ? SqsText.ToId(group) : null,
            DeduplicationId = options.IsFifo ? SqsText.ToId(outboxEvent.PublicationId) : null,
        };
        return SqsText.IsLegalBody(body) ? entry : entry.AsBase64();
    }

    /// <summary>Whether the body says how it is encoded, and so is plain ASCII.</summary>
    internal bool IsEncoded => Attributes.ContainsKey(SqsAttributes.Encoding);

    internal SqsEntry AsBase64()
    {
        using var text = PooledBuffer.Of(Body);
        var body = Convert.ToBase64String(text.Written.Span);
        var attributes = new Dictionary<string, MessageAttributeValue>(Attributes)
        {
            [SqsAttributes.Encoding] = Text(SqsAttributes.Base64),
        };
        return this with { Body = body, Attributes = attributes, Size = SizeOf(body, attributes) };
    }

    internal SendMessageBatchRequestEntry ToRequestEntry(int position) => new()
    {
        Id = position.ToString(System.Globalization.CultureInfo.InvariantCulture),
        MessageBody = Body,
        MessageAttributes = Attributes,
        MessageGroupId = GroupId,
        MessageDeduplicationId = DeduplicationId,
    };

    internal PublishOutcome TooLarge(int limit) => PublishOutcome.Rejected(
        ErrorCodes.MessageTooLarge, $"The message has {Size} bytes with its attributes; the queue takes {limit}. {ClaimCheck.Hint}");

    internal static MessageAttributeValue Text(string value) => new() { DataType = "String", StringValue = value };

    // Names, types and values of the attributes count towards the limit, as the body does.
    internal static int SizeOf(string body, Dictionary<string, MessageAttributeValue> attributes) =>
        Encoding.UTF8.GetByteCount(body) + attributes.Sum(attribute => SizeOf(attribute.Key, attribute.Value));

    internal static int SizeOf(string name, MessageAttributeValue value) =>
        name.Length + (value.DataType?.Length ?? 0) + Encoding.UTF8.GetByteCount(value.StringValue ?? "") + (int)(value.BinaryValue?.Length ?? 0);
}
