using System.Text.Json;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>A message that a service of AWS has made: its own, or a wrapper around another's.</summary>
/// <param name="Name">What it is, with its article.</param>
internal sealed record AwsMessage(string Name)
{
    private readonly Dictionary<string, string> _attributes = new(StringComparer.Ordinal);

    /// <summary>What it is wrapped around; null: it is the service's own.</summary>
    internal string? Content { get; private init; }

    /// <summary>What to do about it; empty, or begins with a space.</summary>
    internal string Advice { get; private init; } = "";

    /// <summary>Finds the text of an attribute of the content by its name, or null.</summary>
    internal string? Find(string name) => _attributes.GetValueOrDefault(name);

    /// <summary>What a body shows itself to be; null: no such message, or an event.</summary>
    internal static AwsMessage? Of(ReadOnlyMemory<byte> body)
    {
        // Most bodies hold none of these words.
        var text = body.Span;
        if (text.IndexOf("\"TopicArn\""u8) < 0
            && text.IndexOf("\"detail-type\""u8) < 0
            && text.IndexOf("\"Records\""u8) < 0
            && text.IndexOf("\"s3:TestEvent\""u8) < 0)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8 });
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && !IsEvent(root) ? Of(root) : null;
        }
        catch (Exception e) when (JsonField.IsMalformed(e))
        {
            return null;
        }
    }

    private static bool IsEvent(JsonElement root) =>
        Text(root, "specversion") is not null || (Text(root, "id") is not null && root.TryGetProperty("payload", out _));

    private static AwsMessage? Of(JsonElement root)
    {
        if (Text(root, "TopicArn") is not null)
        {
            return Text(root, "Type") switch
            {
                "Notification" => OfNotification(root),
                "SubscriptionConfirmation" => new AwsMessage("SNS's request to confirm a subscription")
                {
                    Advice = " Confirm it with the URL in it, or subscribe the queue with the rights of its owner.",
                },
                "UnsubscribeConfirmation" => new AwsMessage("SNS's confirmation of an ended subscription"),
                _ => null,
            };
        }

        if (Text(root, "detail-type") is not null && Text(root, "source") is not null && root.TryGetProperty("detail", out var detail))
        {
            return new AwsMessage("an EventBridge event") { Content = detail.GetRawText() };
        }

        if (Text(root, "Event") == "s3:TestEvent")
        {
            return new AwsMessage("S3's test of a notification");
        }

        return root.TryGetProperty("Records", out var records) && records.ValueKind == JsonValueKind.Array
            ? OfRecords(records.EnumerateArray().FirstOrDefault())
            : null;
    }

    private static AwsMessage OfNotification(JsonElement root)
    {
        var message = new AwsMessage("an SNS notification") { Content = Text(root, "Message") ?? "" };
        if (root.TryGetProperty("MessageAttributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object)
        {
            foreach (var attribute in attributes.EnumerateObject())
            {
                if (Text(attribute.Value, "Value") is { } value)
                {
                    message._attributes[attribute.Name] = value;
                }
            }
        }

        return message;
    }

    private static AwsMessage? OfRecords(JsonElement first)
    {
        var source = Text(first, "eventSource") ?? Text(first, "EventSource");
        return source switch
        {
            "aws:s3" => new AwsMessage("an S3 event notification"),
            not null when source.StartsWith("aws:", StringComparison.Ordinal) => new AwsMessage("a list of records of an AWS service"),
            _ => null,
        };
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
