using System.Text;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class RawFormatTests
{
    private readonly RawFormat _format = new();

    [Fact]
    public void The_body_is_the_payload_and_nothing_else() =>
        Assert.Equal("{ \"é\" : 1 }\n", Encoding.UTF8.GetString(_format.Write(Sample.Event(payload: "{ \"é\" : 1 }\n")).Span));

    [Fact]
    public void On_a_queue_the_rest_travels_in_attributes_that_look_like_this()
    {
        var entry = SqsEntry.Create(
            0,
            Sample.Event("e-1", "plain") with
            {
                Headers = new Dictionary<string, string> { ["h"] = "é\"", ["traceparent"] = "00-1-2-01" },
                OrderingKey = "k",
                Result = """{"ok":true}""",
                EnqueuedAt = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero),
            },
            _format,
            new SqsPublisherOptions { QueueUrl = "" });
        Assert.Equal("plain", entry.Body);
        Assert.Equal(
            [
                "relaybox-event-id=e-1",
                "relaybox-format=raw",
                """relaybox-headers={"h":"\u00E9\u0022","traceparent":"00-1-2-01"}""",
                """relaybox-properties={"orderingKey":"k","enqueuedAt":"2026-02-03T04:05:06.789Z","result":"{\u0022ok\u0022:true}"}""",
                "relaybox-subject=orders.placed",
                "traceparent=00-1-2-01",
            ],
            entry.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value.StringValue}"));
    }

    [Fact]
    public void An_empty_payload_and_an_id_that_no_queue_takes_still_travel()
    {
        var entry = SqsEntry.Create(0, Sample.Event("no\uFFFEt xml", ""), _format, new SqsPublisherOptions { QueueUrl = "" });
        Assert.Equal(
            [
                "relaybox-encoding=empty", "relaybox-format=raw",
                """relaybox-properties={"eventId":"no\uFFFEt xml"}""", "relaybox-subject=orders.placed",
            ],
            entry.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value.StringValue}"));
        Assert.Equal("-", entry.Body);
    }

    [Theory]
    [InlineData(null, "orders.placed")]
    [InlineData("e-1", null)]
    public void Without_id_or_subject_beside_it_the_body_is_unreadable(string? eventId, string? subject)
    {
        var error = Assert.Throws<MessageFormatException>(
            () => _format.Read("{}"u8.ToArray(), new MessageAttributes { EventId = eventId, Subject = subject }));
        Assert.Equal(ErrorCodes.MessageUnreadable, error.Code);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_unreadable() => Assert.Equal(
        ErrorCodes.MessageUnreadable,
        Assert.Throws<MessageFormatException>(
            () => _format.Read(new byte[] { 0x61, 0xFF }, new MessageAttributes { EventId = "e", Subject = "s" })).Code);

    [Theory]
    [InlineData("relaybox-headers", "")]
    [InlineData("relaybox-headers", "null")]
    [InlineData("relaybox-headers", "{")]
    [InlineData("relaybox-headers", "[]")]
    [InlineData("relaybox-headers", "{\"secret\":1}")]
    [InlineData("relaybox-headers", "{\"secret\":\"1\",\"secret\":\"2\"}")]
    [InlineData("relaybox-headers", "{} {}")]
    [InlineData("relaybox-headers", "{\"secret\":\"\\ud800\"}")]
    [InlineData("relaybox-properties", "\"secret\"")]
    [InlineData("relaybox-properties", "{\"enqueuedAt\":\"secret\"}")]
    public void Attributes_that_are_no_such_thing_are_unreadable(string attribute, string value)
    {
        var error = Assert.Throws<MessageFormatException>(
            () => SqsAttributeMap.Read(name => name == attribute ? value : name == "relaybox-format" ? "raw" : null));
        Assert.Equal(ErrorCodes.MessageUnreadable, error.Code);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_of_other_producers_are_not_read_whatever_their_names()
    {
        string? Find(string name) => name.StartsWith("relaybox-", StringComparison.Ordinal) ? null : "theirs";
        Assert.Equal(MessageAttributes.None, SqsAttributeMap.Read(Find));
        using var read = SqsAttributeMap.ReadBody("body", Find);
        Assert.Equal("body", Encoding.UTF8.GetString(read.Written.Span));
    }
}
