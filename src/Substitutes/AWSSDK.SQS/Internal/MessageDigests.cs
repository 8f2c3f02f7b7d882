using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Amazon.SQS.Model;

namespace Amazon.SQS.Internal;

/// <summary>
/// Compares the MD5 digests that the service computes with what was sent or received: a message that was changed on
/// the way is an error, not a success.
/// </summary>
internal static class MessageDigests
{
    private const byte StringValue = 1;
    private const byte BinaryValue = 2;

    public static void Check(SendMessageRequest request, SendMessageResponse response)
    {
        if (!string.IsNullOrEmpty(request.MessageBody) && !string.IsNullOrEmpty(response.MD5OfMessageBody))
        {
            Check(request.MessageBody, response.MD5OfMessageBody, response.MessageId);
        }

        Check(request.MessageAttributes, response.MD5OfMessageAttributes, response.MessageId);
    }

    public static void Check(SendMessageBatchRequest request, SendMessageBatchResponse response)
    {
        foreach (var result in response.Successful ?? [])
        {
            var entry = request.Entries.Find(candidate => candidate.Id == result.Id)
                ?? throw new AmazonSQSException($"The service answered for entry {result.Id}, which was not sent.");
            Check(entry.MessageBody, result.MD5OfMessageBody, result.MessageId);
            Check(entry.MessageAttributes, result.MD5OfMessageAttributes, result.MessageId);
        }
    }

    public static void Check(ReceiveMessageResponse response)
    {
        foreach (var message in response.Messages ?? [])
        {
            Check(message.Body, message.MD5OfBody, message.MessageId);
            Check(message.MessageAttributes, message.MD5OfMessageAttributes, message.MessageId);
        }
    }

    private static void Check(string body, string digest, string messageId)
    {
        if (!Matches(Encoding.UTF8.GetBytes(body), digest))
        {
            throw new AmazonSQSException($"MD5 hash mismatch for message id {messageId}");
        }
    }

    private static void Check(Dictionary<string, MessageAttributeValue> attributes, string digest, string messageId)
    {
        if (attributes is { Count: > 0 } && !string.IsNullOrEmpty(digest) && !Matches(Encode(attributes), digest))
        {
            throw new AmazonSQSException($"Attribute MD5 hash mismatch for message id {messageId}");
        }
    }

    private static bool Matches(ReadOnlySpan<byte> content, string digest) =>
        string.Equals(Convert.ToHexStringLower(MD5.HashData(content)), digest, StringComparison.OrdinalIgnoreCase);

    // Sorted by name; names, types and values with their lengths as four bytes, highest first.
    private static byte[] Encode(Dictionary<string, MessageAttributeValue> attributes)
    {
        using var stream = new MemoryStream();
        foreach (var (name, value) in attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Append(stream, Encoding.UTF8.GetBytes(name));
            Append(stream, Encoding.UTF8.GetBytes(value.DataType));
            if (value.StringValue is not null)
            {
                stream.WriteByte(StringValue);
                Append(stream, Encoding.UTF8.GetBytes(value.StringValue));
            }
            else if (value.BinaryValue is not null)
            {
                stream.WriteByte(BinaryValue);
                Append(stream, value.BinaryValue.ToArray());
            }
        }

        return stream.ToArray();
    }

    private static void Append(MemoryStream stream, byte[] content)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        stream.Write(length);
        stream.Write(content);
    }
}
