using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>What every format does.</summary>
public class MessageFormatTests
{
    public static TheoryData<string> Names { get; } = [.. MessageFormats.Names];

    public static TheoryData<string, string> NamesAndPayloads { get; } =
        [.. from name in MessageFormats.Names from row in Sample.AwkwardPayloads select (name, row.Data)];

    [Fact]
    public void There_are_three() => Assert.Equal(["envelope", "cloudevents", "raw"], MessageFormats.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_keeps_the_contract_comes_out_as_it_went_in(string name)
    {
        var format = MessageFormats.Get(name);
        Holds(written => Same(written, MessageFormats.Read(format.Write(written), format.AttributesOf(written))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_that_lost_its_attributes_is_itself_or_unreadable_and_never_another(string name)
    {
        var format = MessageFormats.Get(name);
        Holds(written =>
        {
            if (name == RawFormat.FormatName)
            {
                Assert.Throws<MessageFormatException>(() => format.Read(format.Write(written), MessageAttributes.None));
            }
            else
            {
                Same(written, MessageFormats.Read(format.Write(written), MessageAttributes.None));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_keeps_the_contract_passes_through_the_texts_that_a_queue_takes(string name)
    {
        var format = MessageFormats.Get(name);
        Holds(written =>
        {
            var publishedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
            var entry = SqsEntry.Create(0, written, format, new SqsPublisherOptions { QueueUrl = "" }, publishedAt);
            Assert.True(entry.Body.Length > 0 && SqsText.IsLegalBody(entry.Body), "the body");
            Assert.InRange(entry.Attributes.Count, 2, 7);
            Assert.All(entry.Attributes.Values, value => Assert.True(
                value.StringValue.Length > 0 && SqsText.IsLegalBody(value.StringValue), value.StringValue));
            string? Find(string attribute) => entry.Attributes.GetValueOrDefault(attribute)?.StringValue;
            Same(written, new SqsReader().Read(entry.Body, Find, _ => null).Event);
            Assert.Equal(publishedAt, SqsAttributeMap.Read(Find).PublishedAt);
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_id_of_a_replay_travels_beside_every_format_and_makes_the_message_no_copy(string name)
    {
        var format = MessageFormats.Get(name);
        var plain = Sample.Event("e-1");
        var replay = plain with { ReplayId = "20260102-030405-abc123" };
        var options = new SqsPublisherOptions { QueueUrl = "https://sqs/1/orders.fifo" };

        var entry = SqsEntry.Create(0, replay, format, options);
        string? Find(string attribute) => entry.Attributes.GetValueOrDefault(attribute)?.StringValue;
        Assert.Equal(replay.ReplayId, new SqsReader().Read(entry.Body, Find, _ => null).Event.ReplayId);
        Assert.Equal(SqsEntry.Create(0, plain, format, options).Body, entry.Body);
        Assert.NotEqual(SqsEntry.Create(0, plain, format, options).DeduplicationId, entry.DeduplicationId);
        Assert.Equal("e-1", SqsEntry.Create(0, plain, format, options).DeduplicationId);

        var headers = NatsHeaderMap.Write(replay, format.AttributesOf(replay));
        Assert.Equal(replay.ReplayId, MessageFormats.Read(format.Write(replay), NatsHeaderMap.Read(headers)).ReplayId);
        var ofPlain = NatsHeaderMap.Write(plain, format.AttributesOf(plain));
        Assert.Equal("e-1", ofPlain[NatsHeaderNames.MessageId].ToString());
        Assert.NotEqual(ofPlain[NatsHeaderNames.MessageId].ToString(), headers[NatsHeaderNames.MessageId].ToString());
        Assert.Equal("", MessageFormats.Read(format.Write(plain), NatsHeaderMap.Read(ofPlain)).ReplayId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a#b")]
    [InlineData("a\0b")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void A_replay_id_that_no_operation_has_is_refused(string replayId) => Assert.Throws<MessageFormatException>(
        () => MessageProperties.ReadCommon(MessageAttributes.None, new Dictionary<string, string> { ["replayId"] = replayId }));

    [Theory]
    [MemberData(nameof(NamesAndPayloads))]
    public void A_payload_comes_out_as_it_went_in(string name, string payload)
    {
        var format = MessageFormats.Get(name);
        foreach (var contentType in new[] { null, "application/json", "text/html", "image/png" })
        {
            var written = Sample.Event(payload: payload);
            if (contentType is not null)
            {
                written = written with { Headers = new Dictionary<string, string> { ["content-type"] = contentType } };
            }

            GeneratedEvents.AssertSame(written, MessageFormats.Read(format.Write(written), format.AttributesOf(written)));
        }
    }

    [Theory]
    [MemberData(nameof(NamesAndPayloads))]
    public void A_payload_of_any_length_comes_out_as_it_went_in(string name, string payload)
    {
        var format = MessageFormats.Get(name);
        var many = string.Concat(Enumerable.Repeat(payload, 10_000 / Math.Max(payload.Length, 1)));
        foreach (var start in new[] { "", "x", "xx", "xxx" })
        {
            var written = Sample.Event(payload: start + many);
            GeneratedEvents.AssertSame(written, MessageFormats.Read(format.Write(written), format.AttributesOf(written)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_payload_of_any_depth_comes_out_as_it_went_in(string name)
    {
        var format = MessageFormats.Get(name);
        foreach (var depth in new[] { 255, 256, 257, 10_000 })
        {
            var written = Sample.Event(payload: new string('[', depth) + new string(']', depth));
            GeneratedEvents.AssertSame(written, MessageFormats.Read(format.Write(written), format.AttributesOf(written)));
        }
    }

    [Fact]
    public void Any_bytes_are_an_event_or_unreadable()
    {
        string[] parts =
        [
            "{\"id\":", "\"a\"", ",", "\"payload\":", "\"data\":", "\"data_base64\":", "\"specversion\":\"1.0\"", "\"source\":\"s\"",
            "\"type\":\"t\"", "\"relayboxheaders\":\"{}\"", "[", "]", "{", "}", "null", "\"subject\":\"s\"", "\\u", ":",
        ];
        Prop.ForAll(
            Gen.OneOf(
                ArbMap.Default.GeneratorFor<byte[]>(),
                Gen.ArrayOf(Gen.Elements(parts)).Select(chosen => Encoding.UTF8.GetBytes(string.Concat(chosen)))).ToArbitrary(),
            body =>
            {
                foreach (var format in MessageFormats.Names.Append(null))
                {
                    try
                    {
                        MessageFormats.Read(body, MessageAttributes.None with { Format = format });
                    }
                    catch (MessageFormatException e)
                    {
                        Assert.StartsWith("message.", e.Code, StringComparison.Ordinal);
                    }
                }
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Without_a_name_the_body_shows_its_format()
    {
        Assert.Equal("cloud", Read("""{"id":"cloud","data":1,"type":"t","source":"s","specversion":"1.0"}""").EventId);
        Assert.Equal("1.0", Read("""{"id":"e","subject":"s","payload":{"specversion":"1.0"}}""").Payload[16..19]);
        Assert.Equal("\"\\\"specversion\\\"\"", Read("""{"id":"e","subject":"s","payload":"\"specversion\""}""").Payload);
        Assert.Equal("e", Read("""{"specversion":1,"id":"e","subject":"s","payload":1}""").EventId);
        Assert.Equal(
            ErrorCodes.MessageUnreadable, Assert.Throws<MessageFormatException>(() => Read("""{"specversion":"1.0","id" """)).Code);
    }

    [Fact]
    public void The_name_wins_over_what_the_body_shows()
    {
        var raw = new MessageAttributes { Format = "raw", EventId = "e-1", Subject = "orders.placed" };
        const string Body = """{"id":"cloud","data":1,"type":"t","source":"s","specversion":"1.0"}""";
        Assert.Equal(("e-1", Body), (Read(Body, raw).EventId, Read(Body, raw).Payload));
    }

    [Fact]
    public void The_message_of_the_outbox_service_package_is_read()
    {
        var read = Read("""
            {
                "id": "6f1c",
                "eventType": "USER_CREATED",
                "payload": { "userId" : "user123", "action": "user_created" },
                "result": { "acknowledged" : true, "insertedId": "65f0" },
                "timestamp": "2026-02-03T04:05:06.789Z"
            }
            """);
        Assert.Equal(("6f1c", "USER_CREATED"), (read.EventId, read.Subject));
        Assert.Equal("""{ "userId" : "user123", "action": "user_created" }""", read.Payload);
        Assert.Equal("""{ "acknowledged" : true, "insertedId": "65f0" }""", read.Result);
        Assert.Equal(new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero), read.EnqueuedAt);
        Assert.Empty(read.Headers);
        Assert.Null(read.OrderingKey);
        Assert.Null(RowContract.Check(read));
    }

    [Fact]
    public void A_body_that_names_another_event_than_its_attributes_is_unreadable() => Assert.Equal(
        ErrorCodes.MessageUnreadable,
        Assert.Throws<MessageFormatException>(() => Read(
            """{"id":"a","subject":"s","payload":1}""", new MessageAttributes { EventId = "b" })).Code);

    [Fact]
    public void A_format_is_found_by_its_name()
    {
        Assert.Equal("envelope", MessageFormats.Get(null).Name);
        Assert.All(MessageFormats.Names, name => Assert.Equal(name, MessageFormats.Get(name).Name));
        Assert.Equal(
            ErrorCodes.MessageFormatUnknown, Assert.Throws<MessageFormatException>(() => MessageFormats.Get("secret")).Code);
    }

    private static OutboxEvent Read(string body, MessageAttributes? attributes = null) =>
        MessageFormats.Read(Encoding.UTF8.GetBytes(body), attributes ?? MessageAttributes.None);

    private static void Same(OutboxEvent written, OutboxEvent read) => GeneratedEvents.AssertSame(written, read);

    private static void Holds(Action<OutboxEvent> check) => Prop.ForAll(
        GeneratedEvents.Any().ToArbitrary(),
        written =>
        {
            if (RowContract.Check(written) is null)
            {
                check(written);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
}
