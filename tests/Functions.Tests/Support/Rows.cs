using System.Text.Json;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Functions.Tests.Support;

/// <summary>Rows and events as apps and AWS write them.</summary>
internal static class Rows
{
    internal const string Payload = """{"orderId":"o-1","customer":"c-1","totalCents":4200}""";

    /// <summary>What Consume and StreamRelay answer when every message or record is done with.</summary>
    internal const string Success = """{"batchItemFailures":[]}""";

    internal static Dictionary<string, AttributeValue> Key(string eventId) => new() { ["eventId"] = S(eventId) };

    internal static AttributeValue S(string value) => new() { S = value };

    internal static AttributeValue N(long value) => new() { N = value.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    internal static Dictionary<string, AttributeValue> Item(string eventId) => new()
    {
        ["eventId"] = S(eventId),
        ["subject"] = S("orders.placed"),
        ["payload"] = S(Payload),
        ["status"] = S("pending"),
    };

    internal static CreateTableRequest Table(string name, string hash, string? range, bool withDueIndex)
    {
        var request = new CreateTableRequest
        {
            TableName = name,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new(hash, ScalarAttributeType.S)],
            KeySchema = [new(hash, KeyType.HASH)],
        };
        if (range is not null)
        {
            request.AttributeDefinitions.Add(new(range, ScalarAttributeType.S));
            request.KeySchema.Add(new(range, KeyType.RANGE));
        }

        if (withDueIndex)
        {
            request.AttributeDefinitions.Add(new("dueShard", ScalarAttributeType.S));
            request.AttributeDefinitions.Add(new("dueAt", ScalarAttributeType.N));
            request.GlobalSecondaryIndexes =
            [
                new()
                {
                    IndexName = "DueIndex",
                    KeySchema = [new("dueShard", KeyType.HASH), new("dueAt", KeyType.RANGE)],
                    Projection = new() { ProjectionType = ProjectionType.KEYS_ONLY },
                },
            ];
        }

        return request;
    }

    /// <summary>A stream event of INSERT records with these images.</summary>
    internal static string StreamEvent(params (string Sequence, object? Image)[] records) => StreamEvent("INSERT", records);

    internal static string StreamEvent(string eventName, params (string Sequence, object? Image)[] records) =>
        JsonSerializer.Serialize(new
        {
            Records = records.Select(record => new
            {
                eventID = record.Sequence,
                eventName,
                eventVersion = "1.1",
                eventSource = "aws:dynamodb",
                awsRegion = "us-east-1",
                dynamodb = new
                {
                    ApproximateCreationDateTime = 1767225600.0,
                    Keys = new { eventId = new { S = "unused" } },
                    NewImage = record.Image,
                    SequenceNumber = record.Sequence,
                    SizeBytes = 100,
                    StreamViewType = "NEW_IMAGE",
                },
                eventSourceARN = "arn:aws:dynamodb:us-east-1:000000000000:table/outbox/stream/1",
            }),
        });

    internal static Dictionary<string, object?> Image(string eventId, params (string Name, object? Value)[] more)
    {
        var image = new Dictionary<string, object?>
        {
            ["eventId"] = new { S = eventId },
            ["subject"] = new { S = "orders.placed" },
            ["payload"] = new { S = Payload },
            ["status"] = new { S = "pending" },
        };
        foreach (var (name, value) in more)
        {
            if (value is null)
            {
                image.Remove(name);
            }
            else
            {
                image[name] = value;
            }
        }

        return image;
    }

    internal static string Envelope(string eventId, string subject = "orders.placed", string payload = Payload) =>
        $$"""{"id":"{{eventId}}","eventType":"{{subject}}","subject":"{{subject}}","payload":{{payload}}}""";

    /// <summary>A queue event with these bodies.</summary>
    /// <summary>A batch of one message that was sent at a time.</summary>
    internal static string OldSqsEvent(string messageId, string body, DateTimeOffset sentAt) => SqsEvent((messageId, body)).Replace(
        "\"ApproximateReceiveCount\":\"1\"",
        $"\"ApproximateReceiveCount\":\"1\",\"SentTimestamp\":\"{sentAt.ToUnixTimeMilliseconds()}\"",
        StringComparison.Ordinal);

    internal static string SqsEvent(params (string MessageId, string Body)[] messages) =>
        SqsEvent("arn:aws:sqs:us-east-1:000000000000:queue", [.. messages.Select(message => (message.MessageId, message.Body, (string?)null))]);

    internal static string SqsEvent(string sourceArn, params (string MessageId, string Body, string? GroupId)[] messages) =>
        JsonSerializer.Serialize(new
        {
            Records = messages.Select(message => new
            {
                messageId = message.MessageId,
                receiptHandle = "handle-" + message.MessageId,
                body = message.Body,
                attributes = message.GroupId is null
                    ? new Dictionary<string, string> { ["ApproximateReceiveCount"] = "1" }
                    : new Dictionary<string, string> { ["ApproximateReceiveCount"] = "1", ["MessageGroupId"] = message.GroupId },
                messageAttributes = new Dictionary<string, object>(),
                md5OfBody = "00000000000000000000000000000000",
                eventSource = "aws:sqs",
                eventSourceARN = sourceArn,
                awsRegion = "us-east-1",
            }),
        });
}
