using System.Text;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;

namespace Relaybox.Substitutes.Tests.Serialization;

/// <summary>Events in the shape in which the event sources deliver them.</summary>
public class EventParsingTests
{
    private const string QueueEvent = """
        {
          "Records": [
            {
              "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
              "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
              "body": "{\"id\":\"é\"}",
              "attributes": {
                "ApproximateReceiveCount": "1",
                "AWSTraceHeader": "Root=1-5e3d83c1-e6a0db584850d61342823d4c",
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "MessageGroupId": "group",
                "ApproximateFirstReceiveTimestamp": "1545082649185"
              },
              "messageAttributes": {
                "subject": { "stringValue": "orders.created", "stringListValues": [], "binaryListValues": [], "dataType": "String" },
                "raw": { "binaryValue": "AAH/", "stringListValues": [], "binaryListValues": [], "dataType": "Binary" }
              },
              "md5OfMessageAttributes": "00484c68583fb9b6a2b7bb7b1b0e29d0",
              "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
              "eventSource": "aws:sqs",
              "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
              "awsRegion": "us-east-2"
            }
          ]
        }
        """;

    private const string StreamEvent = """
        {
          "Records": [
            {
              "eventID": "c4ca4238a0b923820dcc509a6f75849b",
              "eventName": "INSERT",
              "eventVersion": "1.1",
              "eventSource": "aws:dynamodb",
              "awsRegion": "us-east-1",
              "dynamodb": {
                "ApproximateCreationDateTime": 1479499740.5,
                "Keys": { "eventId": { "S": "e-1" } },
                "NewImage": {
                  "eventId": { "S": "e-1" },
                  "availableAt": { "N": "1763812345678" },
                  "big": { "N": "123456789012345678901234567890.12345678" },
                  "headers": { "M": { "a": { "S": "1" }, "deep": { "M": { "l": { "L": [ { "N": "1" }, { "BOOL": false }, { "NULL": true } ] } } } } },
                  "raw": { "B": "AAEqQQ==" },
                  "raws": { "BS": [ "Uw==", "VA==" ] },
                  "names": { "SS": [ "x", "y" ] },
                  "numbers": { "NS": [ "1", "2.5" ] },
                  "empty": { "M": {} }
                },
                "SequenceNumber": "111000000000000000000001",
                "SizeBytes": 26,
                "StreamViewType": "NEW_IMAGE"
              },
              "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/Outbox/stream/2015-05-11T21:21:33.291"
            },
            {
              "eventID": "c81e728d9d4c2f636f067f89cc14862c",
              "eventName": "REMOVE",
              "userIdentity": { "principalId": "dynamodb.amazonaws.com", "type": "Service" },
              "dynamodb": {
                "ApproximateCreationDateTime": 1479499741,
                "Keys": { "eventId": { "S": "e-0" } },
                "SequenceNumber": "222",
                "SizeBytes": 10,
                "StreamViewType": "NEW_IMAGE"
              }
            }
          ]
        }
        """;

    [Fact]
    public void A_queue_event_has_everything_that_the_sender_and_the_queue_said()
    {
        var message = Assert.Single(Read<SQSEvent>(QueueEvent).Records);

        Assert.Equal("059f36b4-87a3-44ab-83d2-661975830a7d", message.MessageId);
        Assert.Equal("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...", message.ReceiptHandle);
        Assert.Equal("{\"id\":\"é\"}", message.Body);
        Assert.Equal("e4e68fb7bd0e697a0ae8f1bb342846b3", message.Md5OfBody);
        Assert.Equal("00484c68583fb9b6a2b7bb7b1b0e29d0", message.Md5OfMessageAttributes);
        Assert.Equal("arn:aws:sqs:us-east-2:123456789012:my-queue", message.EventSourceArn);
        Assert.Equal("aws:sqs", message.EventSource);
        Assert.Equal("us-east-2", message.AwsRegion);
        Assert.Equal("1", message.Attributes["ApproximateReceiveCount"]);
        Assert.Equal("group", message.Attributes["MessageGroupId"]);
        Assert.Equal("orders.created", message.MessageAttributes["subject"].StringValue);
        Assert.Equal("String", message.MessageAttributes["subject"].DataType);
        Assert.Null(message.MessageAttributes["subject"].BinaryValue);
        Assert.Equal([0x00, 0x01, 0xFF], message.MessageAttributes["raw"].BinaryValue.ToArray());
    }

    [Fact]
    public void An_insert_has_its_image_with_every_kind_of_value()
    {
        var record = Read<DynamoDBEvent>(StreamEvent).Records[0];

        Assert.Equal("c4ca4238a0b923820dcc509a6f75849b", record.EventID);
        Assert.Equal("INSERT", record.EventName);
        Assert.Equal("aws:dynamodb", record.EventSource);
        Assert.Equal("us-east-1", record.AwsRegion);
        Assert.EndsWith("stream/2015-05-11T21:21:33.291", record.EventSourceArn, StringComparison.Ordinal);
        Assert.Null(record.UserIdentity);
        var change = record.Dynamodb;
        Assert.Equal(new DateTime(2016, 11, 18, 20, 9, 0, 500, DateTimeKind.Utc), change.ApproximateCreationDateTime);
        Assert.Equal(DateTimeKind.Utc, change.ApproximateCreationDateTime.Kind);
        Assert.Equal("111000000000000000000001", change.SequenceNumber);
        Assert.Equal(26, change.SizeBytes);
        Assert.Equal("NEW_IMAGE", change.StreamViewType);
        Assert.Equal("e-1", change.Keys["eventId"].S);
        Assert.Null(change.OldImage);

        var image = change.NewImage;
        Assert.Equal("1763812345678", image["availableAt"].N);
        Assert.Equal("123456789012345678901234567890.12345678", image["big"].N);
        Assert.Null(image["big"].S);
        Assert.Equal("1", image["headers"].M["a"].S);
        var list = image["headers"].M["deep"].M["l"].L;
        Assert.Equal("1", list[0].N);
        Assert.False(list[1].BOOL);
        Assert.True(list[2].NULL);
        Assert.Equal([0, 1, 42, 65], image["raw"].B.ToArray());
        Assert.Equal(["S", "T"], image["raws"].BS.Select(value => Encoding.ASCII.GetString(value.ToArray())));
        Assert.Equal(["x", "y"], image["names"].SS);
        Assert.Equal(["1", "2.5"], image["numbers"].NS);
        Assert.Empty(image["empty"].M);
        Assert.Null(image["empty"].L);
    }

    [Fact]
    public void A_time_to_live_delete_says_who_made_it()
    {
        var record = Read<DynamoDBEvent>(StreamEvent).Records[1];

        Assert.Equal("REMOVE", record.EventName);
        Assert.Equal("dynamodb.amazonaws.com", record.UserIdentity.PrincipalId);
        Assert.Equal("Service", record.UserIdentity.Type);
        Assert.Null(record.Dynamodb.NewImage);
        Assert.Equal(new DateTime(2016, 11, 18, 20, 9, 1, DateTimeKind.Utc), record.Dynamodb.ApproximateCreationDateTime);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Records":null}""")]
    public void An_event_without_records_has_null_for_them(string json)
    {
        Assert.Null(Read<SQSEvent>(json).Records);
        Assert.Null(Read<DynamoDBEvent>(json).Records);
    }

    [Fact]
    public void An_event_survives_being_written_and_read_again()
    {
        var serializer = new SourceGeneratorLambdaJsonSerializer<StreamJson>();
        var stream = new MemoryStream();
        serializer.Serialize(Read<DynamoDBEvent>(StreamEvent), stream);

        var record = serializer.Deserialize<DynamoDBEvent>(new MemoryStream(stream.ToArray())).Records[0];

        Assert.Equal([0, 1, 42, 65], record.Dynamodb.NewImage["raw"].B.ToArray());
        Assert.Equal(new DateTime(2016, 11, 18, 20, 9, 0, 500, DateTimeKind.Utc), record.Dynamodb.ApproximateCreationDateTime);
    }

    private static T Read<T>(string json)
    {
        var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return typeof(T) == typeof(SQSEvent)
            ? new SourceGeneratorLambdaJsonSerializer<QueueJson>().Deserialize<T>(stream)
            : new SourceGeneratorLambdaJsonSerializer<StreamJson>().Deserialize<T>(stream);
    }
}
