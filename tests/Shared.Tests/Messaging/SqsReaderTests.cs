using System.Text.Json;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Sqs;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>What a message of a queue is read as, whoever sent it and by whatever way.</summary>
public class SqsReaderTests
{
    private const string Envelope = """{"id":"e-1","eventType":"orders.placed","subject":"orders.placed","payload":{"a" : 1}}""";
    private const string CloudEvent = """{"specversion":"1.0","id":"e-1","source":"/s","type":"orders.placed","data":{"a" : 1}}""";
    private const string TestOfS3 = """
        {"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"canary","RequestId":"5","HostId":"8"}
        """;
    private const string EventOfS3 = """
        {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-central-1","eventName":"ObjectCreated:Put",
        "s3":{"s3SchemaVersion":"1.0","bucket":{"name":"canary"},"object":{"key":"canary.json","size":1024}}}]}
        """;

    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("format", "json")]
    [InlineData("format", "raw")]
    [InlineData("encoding", "gzip")]
    [InlineData("encoding", "base64")]
    [InlineData("event-id", "42")]
    [InlineData("subject", "another")]
    [InlineData("headers", "none")]
    [InlineData("properties", "{\"publishedAt\":\"then\"}")]
    public void Attributes_of_other_producers_change_nothing(string name, string value)
    {
        foreach (var body in new[] { Envelope, CloudEvent })
        {
            AssertRead(Read(body, new() { [name] = value }));
        }
    }

    [Theory]
    [InlineData(Envelope)]
    [InlineData(CloudEvent)]
    public void An_event_in_an_SNS_notification_is_read(string body)
    {
        AssertRead(Read(Notification(body)));
        AssertRead(Read(Notification(body, ("relaybox-event-id", "e-1"), ("format", "json"))));
    }

    [Fact]
    public void Attributes_that_SNS_carries_are_read()
    {
        var read = Read(Notification(
            "cGF5bG9hZA==",
            ("relaybox-format", "raw"), ("relaybox-encoding", "base64"), ("relaybox-event-id", "e-1"), ("relaybox-subject", "orders.placed"),
            ("relaybox-properties", """{"orderingKey":"k","publishedAt":"2026-02-03T04:05:06.789Z"}""")));
        Assert.Equal(("e-1", "orders.placed", "payload", "k"), (read.Event.EventId, read.Event.Subject, read.Event.Payload, read.Event.OrderingKey));
        Assert.Equal(new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero), read.Attributes.PublishedAt);
    }

    [Theory]
    [InlineData(Envelope)]
    [InlineData(CloudEvent)]
    public void An_event_in_an_EventBridge_event_is_read_also_by_way_of_SNS(string body)
    {
        AssertRead(Read(OfEventBridge(body)));
        AssertRead(Read(Notification(OfEventBridge(body))));
    }

    [Fact]
    public void Turned_off_no_event_is_taken_out_of_its_wrapper()
    {
        foreach (var (wrapped, name) in new[] { (Notification(Envelope), "an SNS notification"), (OfEventBridge(Envelope), "an EventBridge event") })
        {
            var refused = Refused(wrapped, unwraps: false);
            Assert.StartsWith($"The message is {name}, and SQS_UNWRAP is off.", refused, StringComparison.Ordinal);
        }

        Assert.Contains("an S3 event notification", Refused(EventOfS3, unwraps: false), StringComparison.Ordinal);
        AssertRead(new SqsReader(unwraps: false).Read(Envelope, _ => null, _ => null));
    }

    [Fact]
    public void What_is_no_event_of_an_outbox_is_named_for_what_it_is()
    {
        Assert.Equal("The message is an S3 event notification, not an event of an outbox.", Refused(EventOfS3));
        Assert.Equal("The message is S3's test of a notification, not an event of an outbox.", Refused(TestOfS3));
        Assert.StartsWith(
            "The message is SNS's request to confirm a subscription, not an event of an outbox.",
            Refused(Confirmation("SubscriptionConfirmation")),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "The message is SNS's confirmation of an ended subscription,",
            Refused(Confirmation("UnsubscribeConfirmation")),
            StringComparison.Ordinal);
        Assert.Equal(
            "The message is a list of records of an AWS service, not an event of an outbox.",
            Refused("""{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"Keys":{"id":{"S":"canary"}}}}]}"""));
        Assert.Equal(
            "The message is an SNS notification, and what it holds is no event of an outbox: "
            + "The message is an S3 event notification, not an event of an outbox.",
            Refused(Notification(EventOfS3)));
        Assert.StartsWith(
            "The message is an SNS notification, and what it holds is no event of an outbox: ",
            Refused(Notification("canary")),
            StringComparison.Ordinal);
        Assert.Equal(
            "The message is an EventBridge event, and what it holds is no event of an outbox: The field 'id' is missing.",
            Refused(OfEventBridge("""{"bucket":{"name":"canary"},"object":{"key":"canary"}}""")));
        Assert.Equal("The field 'id' is missing.", Refused("""{"Records":[],"TopicArn":"canary","detail-type":"canary"}"""));
    }

    [Fact]
    public void An_event_is_never_taken_for_what_its_payload_looks_like()
    {
        foreach (var payload in new[] { Notification(Envelope), OfEventBridge(Envelope), EventOfS3, TestOfS3 })
        {
            Assert.Equal(payload, Read($$"""{"id":"e-1","subject":"orders.placed","payload":{{payload}}}""").Event.Payload);
            Assert.Equal(payload, Read(CloudEvent.Replace("""{"a" : 1}""", payload, StringComparison.Ordinal)).Event.Payload);
            Assert.Equal(
                payload,
                Read(payload, new() { ["relaybox-format"] = "raw", ["relaybox-event-id"] = "e-1", ["relaybox-subject"] = "a" }).Event.Payload);
        }

        Assert.Equal("7", Read("""{"id":"e-1","subject":"a","payload":7,"Records":[{"eventSource":"aws:s3"}]}""").Event.Payload);
    }

    [Fact]
    public void Wrappers_in_wrappers_end()
    {
        var body = Envelope;
        for (var i = 0; i < 200; i++)
        {
            body = OfEventBridge(body);
        }

        Assert.EndsWith("The fields 'subject' and 'eventType' are missing.", Refused(body), StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_body_that_is_none_or_too_large_is_unreadable()
    {
        foreach (var bytes in new[] { [], "x"u8.ToArray(), Gzip.Compress(new byte[1_048_577]), Gzip.Compress([0xFF]), Gzip.Compress("{}"u8) })
        {
            var refused = Assert.Throws<MessageFormatException>(() => new SqsReader().Read("-", _ => null, _ => new MemoryStream(bytes)));
            Assert.Equal(ErrorCodes.MessageUnreadable, refused.Code);
        }
    }

    private static void AssertRead((OutboxEvent Event, MessageAttributes Attributes) read) =>
        Assert.Equal(("e-1", "orders.placed", """{"a" : 1}"""), (read.Event.EventId, read.Event.Subject, read.Event.Payload));

    private static (OutboxEvent Event, MessageAttributes Attributes) Read(string body, Dictionary<string, string>? attributes = null) =>
        new SqsReader().Read(body, name => (attributes ?? None).GetValueOrDefault(name), _ => null);

    private static string Refused(string body, bool unwraps = true)
    {
        var refused = Assert.Throws<MessageFormatException>(() => new SqsReader(unwraps).Read(body, _ => null, _ => null));
        Assert.Equal(ErrorCodes.MessageUnreadable, refused.Code);
        Assert.DoesNotContain("canary", refused.Message, StringComparison.Ordinal);
        return refused.Message;
    }

    private static string Notification(string message, params (string Name, string Value)[] attributes) => $$"""
        {
          "Type" : "Notification",
          "MessageId" : "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
          "TopicArn" : "arn:aws:sns:us-west-2:123456789012:MyTopic",
          "Message" : {{JsonSerializer.Serialize(message)}},
          "Timestamp" : "2012-05-02T00:54:06.655Z",
          "SignatureVersion" : "1",
          "Signature" : "EXAMPLEw6JRN...",
          "SigningCertURL" : "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
          "UnsubscribeURL" : "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe",
          "MessageAttributes" : {{JsonSerializer.Serialize(attributes.ToDictionary(a => a.Name, a => new { Type = "String", a.Value }))}}
        }
        """;

    private static string Confirmation(string type) => $$"""
        {
          "Type" : "{{type}}",
          "MessageId" : "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
          "Token" : "canary",
          "TopicArn" : "arn:aws:sns:us-west-2:123456789012:MyTopic",
          "Message" : "You have chosen to subscribe to the topic.",
          "SubscribeURL" : "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=canary",
          "Timestamp" : "2012-04-26T20:45:04.751Z"
        }
        """;

    private static string OfEventBridge(string detail) => $$"""
        {"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"placed","source":"shop","account":"111122223333",
        "time":"2017-12-22T18:43:48Z","region":"us-west-1","resources":[],"detail":{{detail}}}
        """;
}
