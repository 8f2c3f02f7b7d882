using System.Text;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class CloudEventsFormatTests
{
    private const string Start = """{"specversion":"1.0","id":"e-1","source":"relaybox","type":"orders.placed",""";

    private readonly CloudEventsFormat _format = new();

    public static TheoryData<string> Hostile { get; } =
    [
        "", " ", "null", "1", "[]", "[{}]", "\"x\"", "{", "{}", "{}{}", "not json",
        "\uFEFF{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"id\":\"a\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":1.0,\"id\":\"a\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":null,\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":7,\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":{}}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"id\":\"b\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"x\":1,\"x\":2}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data\":1,\"data\":2}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data\":1,\"data_base64\":\"QQ==\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"secret!\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":1}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"time\":\"secret\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"time\":7}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"partitionkey\":7}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"relayboxheaders\":{}}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"relayboxheaders\":\"\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"relayboxheaders\":\"[]\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"relayboxheaders\":\"{\\\"secret\\\":1}\"}",
        "{\"specversion\":\"1.0\",\"id\":\"\\ud800\",\"source\":\"s\",\"type\":\"t\"}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data\":NaN}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",}",
        "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\"/*c*/}",
    ];

    [Fact]
    public void An_event_looks_like_this() => Assert.Equal(
        Start
            + """
              "time":"2026-02-03T04:05:06.789Z","partitionkey":"k","traceparent":"00-1-2-01",
              "relayboxheaders":"{\"h\":\"v\",\"traceparent\":\"00-1-2-01\"}","relayboxresult":"{\"ok\":true}",
              "datacontenttype":"application/json","data":{ "n" : 1.0 }}
              """.ReplaceLineEndings(""),
        Written(Sample.Event("e-1", """{ "n" : 1.0 }""") with
        {
            Headers = new Dictionary<string, string> { ["h"] = "v", ["traceparent"] = "00-1-2-01" },
            OrderingKey = "k",
            Result = """{"ok":true}""",
            EnqueuedAt = new DateTimeOffset(2026, 2, 3, 6, 5, 6, 789, TimeSpan.FromHours(2)),
        }));

    [Theory]
    [InlineData(null, "plain text", """{},"datacontenttype":"text/plain","data":"plain text"}""")]
    [InlineData(null, "\"text\"", """{},"datacontenttype":"application/json","data":"text"}""")]
    [InlineData(null, " {} ", """{},"datacontenttype":"text/plain","data":" {} "}""")]
    [InlineData("application/vnd.x+json", "{}",
        """{"content-type":"application/vnd.x+json"},"datacontenttype":"application/vnd.x+json","data":{}}""")]
    [InlineData("application/json", "{", """{"content-type":"application/json"},"datacontenttype":"application/json","data_base64":"ew=="}""")]
    [InlineData("image/png", "iVBORw0K", """{"content-type":"image/png"},"datacontenttype":"image/png","data_base64":"iVBORw0K"}""")]
    [InlineData("image/png", "no base64", """{"content-type":"image/png"},"datacontenttype":"image/png","data":"no base64"}""")]
    [InlineData("text/plain", "iVBORw0K", """{"content-type":"text/plain"},"datacontenttype":"text/plain","data":"iVBORw0K"}""")]
    [InlineData("text/csv", "1", """{"content-type":"text/csv"},"datacontenttype":"text/csv","data":"1"}""")]
    [InlineData("nonsense", "{}", """{"content-type":"nonsense"},"datacontenttype":"application/json","data":{}}""")]
    public void The_payload_and_its_content_type_decide_where_it_stands(string? contentType, string payload, string rest)
    {
        var written = Sample.Event("e-1", payload);
        if (contentType is not null)
        {
            written = written with { Headers = new Dictionary<string, string> { ["content-type"] = contentType } };
        }

        var end = rest.IndexOf("},", StringComparison.Ordinal) + 1;
        var headers = rest[..end].Replace("\"", "\\\"", StringComparison.Ordinal);
        Assert.Equal(
            $"{Start}\"relayboxheaders\":\"{headers}\"{rest[end..]}",
            Written(written).Replace("\\\\u002B", "+", StringComparison.Ordinal));
        GeneratedEvents.AssertSame(written, _format.Read(_format.Write(written)));
    }

    [Fact]
    public void The_source_is_configurable_and_must_be_a_uri_reference()
    {
        Assert.Contains("\"source\":\"urn:shop:orders\"", Encoding.UTF8.GetString(
            MessageFormats.Get("cloudevents", "urn:shop:orders").Write(Sample.Event()).Span), StringComparison.Ordinal);
        Assert.Equal("raw", MessageFormats.Get("raw", "urn:shop:orders").Name);
        Assert.All(["/orders", "https://shop.example/orders", "orders"], source => Assert.True(CloudEventsFormat.IsSource(source)));
        Assert.All(["", " ", "a b", "http://[", "\n"], source => Assert.Throws<ArgumentException>(() => new CloudEventsFormat(source)));
    }

    [Fact]
    public void Anothers_event_is_read_with_its_attributes_as_headers()
    {
        var read = Read("""
            {
                "specversion" : "1.0", "type" : "com.github.pull_request.opened", "source" : "https://github.com/cloudevents/spec/pull",
                "subject" : "123", "id" : "A234-1234-1234", "time" : "2018-04-05T17:31:00Z", "dataschema": "urn:s",
                "comexampleextension1" : "value", "comexampleothervalue" : 5, "sampled": true, "nothing": null, "odd name!": "x", "object": {},
                "traceparent": "00-1-2-01", "partitionkey": "p", "datacontenttype" : "text/xml", "data" : "<much wow=\"xml\"/>"
            }
            """);
        Assert.Equal(
            ("A234-1234-1234", "com.github.pull_request.opened", "<much wow=\"xml\"/>", "p"),
            (read.EventId, read.Subject, read.Payload, read.OrderingKey));
        Assert.Equal(new DateTimeOffset(2018, 4, 5, 17, 31, 0, TimeSpan.Zero), read.EnqueuedAt);
        Assert.Equal(
            [
                "ce-comexampleextension1=value", "ce-comexampleothervalue=5", "ce-dataschema=urn:s", "ce-sampled=true",
                "ce-source=https://github.com/cloudevents/spec/pull", "ce-subject=123", "content-type=text/xml", "traceparent=00-1-2-01",
            ],
            read.Headers.OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}={h.Value}"));
        Assert.Null(RowContract.Check(read));
    }

    [Theory]
    [InlineData("""  "data": { "a" : 1 } """, """{ "a" : 1 }""", null)]
    [InlineData(""" "data": "a string" """, "\"a string\"", null)]
    [InlineData(""" "data": null """, "null", null)]
    [InlineData(""" "x": 1 """, "", null)]
    [InlineData(""" "data_base64": "eyJhIjoxfQ==" """, """{"a":1}""", null)]
    [InlineData(""" "data_base64": "/w==" """, "/w==", "application/octet-stream")]
    [InlineData(""" "datacontenttype": "image/png", "data_base64": "eyJhIjoxfQ==" """, "eyJhIjoxfQ==", "image/png")]
    [InlineData(""" "datacontenttype": "text/plain", "data_base64": "aGk=" """, "hi", "text/plain")]
    [InlineData(""" "datacontenttype": "text/plain", "data": {"not":"text"} """, """{"not":"text"}""", "text/plain")]
    [InlineData(""" "datacontenttype": "text/plain", "data": "\ud83d\ude80" """, "\U0001F680", "text/plain")]
    public void Anothers_data_is_the_payload(string data, string payload, string? contentType)
    {
        var read = Read($$"""{"specversion":"1.0","id":"a","source":"s","type":"t",{{data}}}""");
        Assert.Equal((payload, contentType), (read.Payload, read.Headers.GetValueOrDefault("content-type")));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_is_no_cloud_event_is_unreadable_and_nothing_else(string body)
    {
        var error = Assert.Throws<MessageFormatException>(() => Read(body));
        Assert.Equal(ErrorCodes.MessageUnreadable, error.Code);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.3")]
    [InlineData("1.0.2")]
    [InlineData("2.0")]
    public void Another_version_is_an_unknown_format(string version) => Assert.Equal(
        ErrorCodes.MessageFormatUnknown,
        Assert.Throws<MessageFormatException>(() => Read($$"""{"specversion":"{{version}}","id":"a","source":"s","type":"t"}""")).Code);

    private string Written(OutboxEvent outboxEvent) => Encoding.UTF8.GetString(_format.Write(outboxEvent).Span);

    private OutboxEvent Read(string body) => _format.Read(Encoding.UTF8.GetBytes(body));
}
