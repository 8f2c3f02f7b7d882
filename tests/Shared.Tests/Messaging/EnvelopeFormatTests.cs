using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class EnvelopeFormatTests
{
    private readonly EnvelopeFormat _format = new();

    public static TheoryData<string> Hostile { get; } =
    [
        "", " ", "null", "1", "[]", "\"x\"", "{", "{}", "{}{}", "{} x", "{\"id\":\"a\"", "not json",
        "\uFEFF{\"id\":\"a\",\"subject\":\"s\",\"payload\":1}",
        "{\"subject\":\"s\",\"payload\":1}",
        "{\"id\":null,\"subject\":\"s\",\"payload\":1}",
        "{\"id\":\"a\",\"payload\":1}",
        "{\"id\":\"a\",\"subject\":\"s\"}",
        "{\"id\":7,\"subject\":\"s\",\"payload\":1}",
        "{\"id\":\"a\",\"subject\":{},\"payload\":1}",
        "{\"id\":\"a\",\"id\":\"b\",\"subject\":\"s\",\"payload\":1}",
        "{\"id\":\"a\",\"subject\":\"s\",\"subject\":\"t\",\"payload\":1}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"payload\":2}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"result\":1,\"result\":2}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"headers\":[]}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"headers\":{\"h\":1}}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"headers\":{\"h\":\"1\",\"h\":\"2\"}}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"payloadEncoding\":\"text\"}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":\"x\",\"payloadEncoding\":\"rot13\"}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"timestamp\":\"yesterday\"}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,\"timestamp\":7}",
        "{\"id\":\"\\ud800\",\"subject\":\"s\",\"payload\":1}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1,}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":1/*c*/}",
        "{\"id\":\"a\",\"subject\":\"s\",\"payload\":NaN}",
    ];

    [Fact]
    public void An_envelope_looks_like_this()
    {
        var body = _format.Write(Sample.Event("e-1", """{ "n" : 1.0 }""") with
        {
            Headers = new Dictionary<string, string> { ["h"] = "v" },
            OrderingKey = "k",
            Result = """{"ok":true}""",
            EnqueuedAt = new DateTimeOffset(2026, 2, 3, 6, 5, 6, 789, TimeSpan.FromHours(2)),
        });
        Assert.Equal(
            """{"id":"e-1","eventType":"orders.placed","subject":"orders.placed","headers":{"h":"v"},"orderingKey":"k","payload":"""
            + """{ "n" : 1.0 },"result":{"ok":true},"timestamp":"2026-02-03T04:05:06.789Z"}""",
            Encoding.UTF8.GetString(body.Span));
        Assert.Equal(
            """{"id":"e-1","eventType":"s","subject":"s","payload":"text","payloadEncoding":"text"}""",
            Encoding.UTF8.GetString(_format.Write(Sample.Event("e-1", "text", "s")).Span));
    }

    [Theory]
    [MemberData(nameof(Sample.AwkwardPayloads), MemberType = typeof(Sample))]
    public void A_payload_comes_out_as_it_went_in(string payload) =>
        Assert.Equal(payload, _format.Read(_format.Write(Sample.Event(payload: payload))).Payload);

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(10_000)]
    public void A_payload_of_any_depth_comes_out_as_it_went_in(int depth)
    {
        var payload = new string('[', depth) + new string(']', depth);
        Assert.Equal(payload, _format.Read(_format.Write(Sample.Event(payload: payload))).Payload);
    }

    [Fact]
    public void Whatever_keeps_the_contract_comes_out_as_it_went_in() => Prop.ForAll(
        GeneratedEvents.Any().ToArbitrary(),
        written =>
        {
            if (RowContract.Check(written) is not null)
            {
                return;
            }

            var read = _format.Read(_format.Write(written));
            Assert.Equal(written with { Headers = read.Headers }, read);
            Assert.Equal(written.Headers.OrderBy(h => h.Key, StringComparer.Ordinal), read.Headers.OrderBy(h => h.Key, StringComparer.Ordinal));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_is_no_envelope_is_unreadable_and_nothing_else(string body)
    {
        var error = Assert.Throws<MessageFormatException>(() => _format.Read(Encoding.UTF8.GetBytes(body)));
        Assert.Equal(ErrorCodes.MessageUnreadable, error.Code);
        Assert.DoesNotContain("yesterday", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_depth_and_broken_bytes_are_unreadable()
    {
        byte[][] bodies =
        [
            Encoding.UTF8.GetBytes("{\"id\":\"a\",\"subject\":\"s\",\"payload\":" + new string('[', 10_000) + new string(']', 10_000) + "}"),
            Encoding.UTF8.GetBytes(new string('{', 100_000)),
            [0xFF, 0xFE, 0x00],
            [.. "{\"id\":\"a"u8, 0xC3, .. "\",\"subject\":\"s\",\"payload\":1}"u8],
            [.. "{\"id\":\"a\",\"subject\":\"s\",\"payload\":\"x"u8, 0xFF, .. "\"}"u8],
        ];
        foreach (var body in bodies)
        {
            Assert.Equal(ErrorCodes.MessageUnreadable, Assert.Throws<MessageFormatException>(() => _format.Read(body)).Code);
        }
    }

    [Fact]
    public void Any_bytes_are_an_event_or_unreadable() => Prop.ForAll(
        Gen.OneOf(
            ArbMap.Default.GeneratorFor<byte[]>(),
            Gen.ArrayOf(Gen.Elements("{\"id\":", "\"a\"", ",", "\"payload\":", "[", "]", "{", "}", "null", "\"subject\":\"s\"", "\\u", ":")).Select(
                parts => Encoding.UTF8.GetBytes(string.Concat(parts)))).ToArbitrary(),
        body =>
        {
            try
            {
                _format.Read(body);
            }
            catch (MessageFormatException)
            {
                // The other thing that may happen.
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void The_envelope_of_the_outbox_service_package_is_read()
    {
        var read = _format.Read("""
            {
                "id": "6f1c",
                "eventType": "USER_CREATED",
                "payload": { "userId" : "user123" },
                "result": {},
                "timestamp": "2026-02-03T04:05:06.789Z"
            }
            """u8.ToArray());
        Assert.Equal(("6f1c", "USER_CREATED", """{ "userId" : "user123" }""", "{}"), (read.EventId, read.Subject, read.Payload, read.Result));
        Assert.Equal(new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero), read.EnqueuedAt);
        Assert.Empty(read.Headers);
    }

    [Fact]
    public void Unknown_fields_and_nulls_are_passed_over()
    {
        var read = _format.Read("""
            {"v":[{"id":"no"}],"id":"a","subject":"s","eventType":"t","headers":null,"orderingKey":null,"payload":null,"timestamp":null}
            """u8.ToArray());
        Assert.Equal(("a", "s", "null"), (read.EventId, read.Subject, read.Payload));
    }
}
