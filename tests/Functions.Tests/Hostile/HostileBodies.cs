using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using static Relaybox.Functions.Tests.Hostile.HostileText;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>Messages that anybody who may write to the queue can send: by class.</summary>
internal static class HostileBodies
{
    private const string Good = """{"id":"e","subject":"orders.placed","payload":{"a":1}}""";
    private const string GoodCloudEvent = """{"specversion":"1.0","id":"e","source":"/s","type":"orders.placed","data":{"a":1}}""";

    internal static Dictionary<string, Gen<HostileBody>> Classes => new()
    {
        ["body: any text"] = Unreadable(Any.Where(text => !text.TrimStart().StartsWith('{'))),
        ["body: any JSON that is no event"] = Unreadable(
            Json.Where(json => !json.Contains("payload", StringComparison.Ordinal) && !json.Contains("specversion", StringComparison.Ordinal))),
        ["body: cut off"] = Unreadable(Gen.Choose(0, Good.Length - 1).Select(length => Good[..length])),
        ["body: with something before or after it"] = Unreadable(
            Gen.Elements("x", ",", "]", "}", "{}", "\0", "null", "\uFEFF", "//", "/**/", "\u2028").SelectMany(
                text => Gen.Elements(text + Good, Good + text))),
        ["body: fields of another type"] = Unreadable(
            from part in Gen.Elements("id", "subject", "headers", "orderingKey", "timestamp", "payloadEncoding")
            from value in Gen.Elements("7", "true", "[]", "[{}]", "1e400", "{\"a\":1}")
            select Without(part) + $",\"{part}\":{value}}}"),
        ["body: fields that are missing"] = Unreadable(Gen.Elements("id", "payload", "subject").Select(part => Without(part) + "}")),
        ["body: fields that are there twice"] = Unreadable(
            from part in Gen.Elements("id", "subject", "payload")
            from value in Gen.Elements("\"e\"", "\"x\"", "\"orders.placed\"")
            select Good[..^1] + $",\"{part}\":{value}}}"),
        ["body: names of fields in disguise"] = Gen.Elements(
            """{"\u0069d":"e","subject":"orders.placed","payload":{"a":1}}""",
            """{"i\u0064":"e","s\u0075bject":"orders.placed","payl\u006fad":{"a":1}}""",
            """{ "id" : "\u0065" , "eventType" : "orders.placed" , "payload":{"a":1} }""").Select(
                body => new HostileBody(body, HostileBody.Handled) { Payload = """{"a":1}""" }),
        ["body: names that are nearly fields"] = Unreadable(
            Gen.Elements("ID", "Id", "iD", "id ", "id\\u0000", "\\u0131d", "").Select(name => Without("id") + $",\"{name}\":\"e\"}}")),
        ["body: fields of nobody's"] = Plain.Zip(Json).Where(part => part.Item2.Count(c => c == '[') < 200).Select(part => new HostileBody(
            Good[..^1] + $",{JsonSerializer.Serialize("x-" + part.Item1)}:{part.Item2}}}", HostileBody.Handled) { Payload = """{"a":1}""" }),
        ["body: payload of any JSON"] = Json.Select(
            json => new HostileBody($$"""{"id":"e","subject":"orders.placed","payload":{{json}}}""", HostileBody.Handled) { Payload = json }),
        ["body: payload as text"] = Any.Select(text => new HostileBody(
            $$"""{"id":"e","subject":"orders.placed","payload":{{JsonSerializer.Serialize(text)}},"payloadEncoding":"text"}""",
            HostileBody.Handled) { Payload = text }),
        ["body: deep as a well"] = Unreadable(Gen.Choose(265, 20_000).SelectMany(depth => Gen.Elements(
            new string('[', depth), $"{{\"id\":\"e\",\"subject\":\"orders.placed\",\"payload\":{new string('[', depth)}{new string(']', depth)}}}",
            string.Concat(Enumerable.Repeat("{\"a\":", depth)), Good[..^1] + $",\"x\":{new string('[', depth)}{new string(']', depth)}}}"))),
        ["body: halves of characters"] = Unreadable(Gen.Elements(
            """{"id":"\ud800","subject":"orders.placed","payload":1}""",
            """{"id":"e","subject":"\udc00","payload":1}""",
            """{"specversi\ud800":"1.0","specversion":"1.0"}""",
            """{"id":"e","subject":"orders.placed","payload":1,"headers":{"a":"\ud800"}}""",
            """{"id":"e","subject":"orders.placed","payload":"\ud800","payloadEncoding":"text"}""",
            """{"\ud800\ud800":1,"id":"e","subject":"orders.placed","headers":{"\udfff":"x"},"payload":1}""",
            """{"specversion":"1.0","id":"\ud800","source":"s","type":"orders.placed"}""")),
        ["body: ids and subjects that break the contract"] = Gen.OneOf(
            WithControl.Select(id => new HostileBody(
                $$"""{"id":{{JsonSerializer.Serialize(id)}},"subject":"orders.placed","payload":1}""", ErrorCodes.EventIdInvalid)),
            Gen.Elements("orders.>", "*", "a b", "", ".", "a..b", "é").Select(subject => new HostileBody(
                $$"""{"id":"e","subject":{{JsonSerializer.Serialize(subject)}},"payload":1}""", ErrorCodes.SubjectInvalid))),
        ["body: headers that break the contract"] = WithControl.Select(value => new HostileBody(
            Good[..^1] + $",\"headers\":{{\"a\":{JsonSerializer.Serialize(value)}}}}}", ErrorCodes.HeadersInvalid)),
        ["body: subjects that nobody handles"] = Gen.Elements("order", "orders", "Orders.placed", "x.orders.placed", "orders-placed").Select(
            subject => new HostileBody($$"""{"id":"e","subject":"{{subject}}","payload":1}""", ErrorCodes.SubjectUnhandled)),
        ["body: times that are none"] = Unreadable(
            Gen.Elements("", "x", "2026-13-01", "99999-01-01T00:00:00Z", "-1", "2026-01-01T25:00:00Z", "NaN").Select(
                time => Good[..^1] + $",\"timestamp\":\"{time}\"}}")),
        ["body: CloudEvents of others"] = Plain.Zip(Json.Where(json => json.Count(c => c == '[') < 200)).Select(parts => new HostileBody(
            """{"specversion":"1.0","id":"e","source":"""
            + $$"""{{JsonSerializer.Serialize(parts.Item1)}},"type":"orders.placed","data":{{parts.Item2}},"x":7,"y":null,"z":true}""",
            HostileBody.Handled) { Payload = parts.Item2 }),
        ["body: CloudEvents without what they must have"] = Unreadable(
            Gen.Elements("id", "source", "type").Select(part => GoodCloudEvent.Replace($"\"{part}\"", "\"x\"", StringComparison.Ordinal))),
        ["body: CloudEvents of another version"] = Gen.Elements("0.3", "2.0", "1", "1.0 ", "1.0.0").Select(version => new HostileBody(
            GoodCloudEvent.Replace("1.0", version, StringComparison.Ordinal), ErrorCodes.MessageFormatUnknown)),
        ["body: CloudEvents with bad data"] = Unreadable(Gen.Elements(
            "\"data_base64\":\"QQ=\"", "\"data_base64\":7", "\"data\":1,\"data_base64\":\"QQ==\"",
            "\"data\":1,\"data\":2", "\"data_base64\":\"a b!\"", "\"data_base64\":{}", "\"time\":\"x\"", "\"time\":7",
            "\"relayboxheaders\":\"x\"", "\"relayboxheaders\":\"[]\"", "\"relayboxheaders\":\"{\\\"a\\\":1}\"").Select(
                fields => $$"""{"specversion":"1.0","id":"e","source":"/s","type":"orders.placed",{{fields}}}""")),
        ["attribute: a format that is none"] = Plain.Select(
            format => With(Good, ErrorCodes.MessageFormatUnknown, ("relaybox-format", "x" + format))),
        ["attribute: an encoding that is none"] = Plain.Select(
            encoding => With(Good, ErrorCodes.MessageFormatUnknown, ("relaybox-encoding", "x" + encoding))),
        ["attribute: another producer's"] = Gen.Elements("format", "encoding", "event-id", "subject", "headers", "properties", "error-code").Zip(
            Gen.Elements("json", "gzip", "42", "raw", "base64", "{")).Select(
                attribute => With(Good, HostileBody.Handled, attribute) with { Payload = """{"a":1}""" }),
        ["attribute: base64 that is none"] = Gen.Elements("=", "QQ=", "Q", "####", "QQ==QQ==", "é", "{\"id\":1}").Select(
            body => With(body, ErrorCodes.MessageUnreadable, ("relaybox-encoding", "base64"))),
        ["attribute: bytes that are no text"] = Gen.Elements("gA==", "/w==", "wIA=", "7aCA", "9JCAgA==", "YWL/").SelectMany(
            body => Gen.Elements<string?>("raw", "envelope", "cloudevents", null).Select(format => With(
                body, ErrorCodes.MessageUnreadable,
                ("relaybox-encoding", "base64"), ("relaybox-format", format), ("relaybox-event-id", "e"), ("relaybox-subject", "orders.placed")))),
        ["attribute: another event than the body's"] = Plain.Select(
            id => With(Good, ErrorCodes.MessageUnreadable, ("relaybox-format", "envelope"), ("relaybox-event-id", "x" + id))),
        ["attribute: raw without its event"] = Gen.Elements<(string, string?)>(
            ("x", "y"), ("relaybox-event-id", "e"), ("relaybox-subject", "orders.placed"), ("relaybox-event-id", null))
            .Select(attribute => With("payload", ErrorCodes.MessageUnreadable, ("relaybox-format", "raw"), attribute)),
        ["attribute: raw with headers or properties that are none"] = Gen.Elements("relaybox-headers", "relaybox-properties")
            .Zip(Gen.OneOf(
                NoJson.Where(text => text.Length > 0), Gen.Elements("null", "[]", "1", "{\"a\":1}", "{\"a\":\"b\",\"a\":\"c\"}", "{\"a\":{}}")))
            .Select(attribute => With(
                "payload", ErrorCodes.MessageUnreadable,
                ("relaybox-format", "raw"), ("relaybox-event-id", "e"), ("relaybox-subject", "orders.placed"), attribute)),
        ["attribute: raw with any payload"] = Any.Where(text => text.Length > 0).Select(
            text => With(
                text, HostileBody.Handled, ("relaybox-format", "raw"), ("relaybox-event-id", "e"), ("relaybox-subject", "orders.placed")) with
            { Payload = text }),
    };

    private static HostileBody With(string body, string outcome, params (string Name, string? Value)[] attributes) =>
        new(body, outcome) { Attributes = attributes };

    private static Gen<HostileBody> Unreadable(Gen<string> bodies) => bodies.Select(body => new HostileBody(body, ErrorCodes.MessageUnreadable));

    /// <summary>A good body without a part, and without its end.</summary>
    private static string Without(string part) => "{\"x\":1" + string.Concat(
        new[] { ("id", "\"e\""), ("subject", "\"orders.placed\""), ("payload", "{\"a\":1}") }
            .Where(f => f.Item1 != part)
            .Select(f => $",\"{f.Item1}\":{f.Item2}"));
}
