using System.Text.Json.Nodes;
using Relaybox.Local.Aws;

namespace Relaybox.Local.EventSources;

/// <summary>A received message, in the service's form and in the form that a function gets.</summary>
internal sealed record QueueMessage(JsonObject Source)
{
    public string Id => (string)Source["MessageId"]!;

    public string ReceiptHandle => (string)Source["ReceiptHandle"]!;

    /// <summary>Null outside FIFO queues.</summary>
    public string? GroupId => (string?)Source["Attributes"]?["MessageGroupId"];

    public JsonObject ToEvent(string queueArn)
    {
        var attributes = new JsonObject();
        foreach (var (name, value) in Source["MessageAttributes"] as JsonObject ?? [])
        {
            attributes[name] = ToEventAttribute(value!.AsObject());
        }

        var record = new JsonObject
        {
            ["messageId"] = Id,
            ["receiptHandle"] = ReceiptHandle,
            ["body"] = (string?)Source["Body"],
            ["attributes"] = Source["Attributes"]?.DeepClone() ?? new JsonObject(),
            ["messageAttributes"] = attributes,
            ["md5OfBody"] = (string?)Source["MD5OfBody"],
            ["eventSource"] = "aws:sqs",
            ["eventSourceARN"] = queueArn,
            ["awsRegion"] = LocalAws.Region,
        };
        if (Source["MD5OfMessageAttributes"] is { } digest)
        {
            record["md5OfMessageAttributes"] = digest.DeepClone();
        }

        return record;
    }

    private static JsonObject ToEventAttribute(JsonObject attribute)
    {
        var result = new JsonObject();
        if (attribute["StringValue"] is { } text)
        {
            result["stringValue"] = text.DeepClone();
        }

        if (attribute["BinaryValue"] is { } binary)
        {
            result["binaryValue"] = binary.DeepClone();
        }

        result["stringListValues"] = new JsonArray();
        result["binaryListValues"] = new JsonArray();
        result["dataType"] = attribute["DataType"]?.DeepClone();
        return result;
    }
}
