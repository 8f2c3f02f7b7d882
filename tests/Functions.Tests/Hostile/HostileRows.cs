using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using static Relaybox.Functions.Tests.Hostile.HostileText;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>Rows that an app, or somebody with a console, can write: by class.</summary>
internal static class HostileRows
{
    private static readonly object[] NoText =
        [new { N = "7" }, new { BOOL = true }, new { M = new { } }, new { L = Array.Empty<object>() }, new { NULL = true }, new { B = "AA==" }];

    internal static Dictionary<string, Gen<HostileRow>> Classes => new()
    {
        ["row: event id of any characters"] = Text("eventId", Plain),
        ["row: event id too long"] = Text("eventId", Long, ErrorCodes.EventIdInvalid),
        ["row: event id with control characters"] = Text("eventId", WithControl, ErrorCodes.EventIdInvalid),
        ["row: event id missing, empty or of another type"] =
            Field("eventId", Gen.Elements([null, new { S = "" }, .. NoText]), HostileRow.LeftAlone),
        ["row: subject of any depth"] = Text("subject", Subject),
        ["row: subject with wildcards"] = Text("subject", Around("*", ">", "a.*", "orders.>", "$JS.API", "$"), ErrorCodes.SubjectInvalid),
        ["row: subject with space or control characters"] = Text(
            "subject", Around(" ", "\r\n", "\0", "\t", "\u00A0", "\r\nPUB x 0\r\n"), ErrorCodes.SubjectInvalid),
        ["row: subject with empty tokens"] = Text(
            "subject", Gen.Elements(".", "..", ".a", "a.", "a..b", "...", "orders..", ""), ErrorCodes.SubjectInvalid),
        ["row: subject too long"] = Text("subject", Gen.Choose(256, 2_000).Select(length => new string('a', length)), ErrorCodes.SubjectInvalid),
        ["row: subject of other letters"] = Text(
            "subject", Around("é", "ı", "中", "\U0001F680", "ａ", "а", "\u200B", "/", "\\", ":", "\"", "'"), ErrorCodes.SubjectInvalid),
        ["row: subject missing or of another type"] = Field("subject", Gen.Elements([null, .. NoText]), ErrorCodes.SubjectInvalid),
        ["row: payload of any text"] = Text("payload", Any),
        ["row: payload of JSON"] = Text("payload", Json),
        ["row: payload that is nearly JSON"] = Text("payload", NoJson),
        ["row: payload with control characters"] = Text("payload", WithControl),
        ["row: payload that is a message itself"] = Text("payload", Gen.Elements(
            """{"id":"x","subject":"orders.x","payload":1}""",
            """{"specversion":"1.0","id":"x","source":"s","type":"orders.x","data":{}}""", """{"Records":[{"eventName":"INSERT"}]}""",
            """{"batchItemFailures":[{"itemIdentifier":"m-0"}]}""", "NATS/1.0\r\n\r\n", "PUB a 0\r\n\r\n")),
        ["row: payload of base64"] = Gen.Choose(0, 300)
            .SelectMany(n => Gen.Choose(0, 255).ArrayOf(n))
            .Select(bytes => Convert.ToBase64String([.. bytes.Select(b => (byte)b)]))
            .SelectMany(base64 => Gen.Elements("image/png", "application/octet-stream", "text/plain", "application/json").Select(
                type => new HostileRow([("payload", S(base64)), ("headers", Map(("content-type", type)))], HostileRow.Sent))),
        ["row: payload deep as a well"] = Text("payload", Gen.Choose(200, 10_000).Select(depth => new string('[', depth) + new string(']', depth))),
        ["row: payload with the same name twice"] = Text(
            "payload", Gen.Choose(2, 500).Select(n => "{" + string.Join(',', Enumerable.Repeat("\"a\":1", n)) + "}")),
        ["row: payload that is long"] = Text("payload", Gen.Choose(50_000, 300_000).Select(length => new string('é', length))),
        ["row: payload too long for the queue"] = Text(
            "payload", Gen.Choose(1_048_576, 1_100_000).Select(length => new string('a', length)), ErrorCodes.MessageTooLarge),
        ["row: payload missing or of another type"] = Field("payload", Gen.Elements([null, .. NoText]), ErrorCodes.PayloadInvalid),
        ["row: headers of any text"] = Plain.ListOf().Select(values => new HostileRow(
            [("headers", Map([.. values.Take(40).Select((value, i) => ($"h-{i}", value))]))], HostileRow.Sent)),
        ["row: header names that mean something elsewhere"] = Gen.Elements(
            "id", "event-id", "subject", "format", "encoding", "headers", "properties", "traceparent",
            "ce-source", "ce-id", "relaybox-format", "Relaybox-Headers", "content-type",
            "Content-Type", "error-code", "constructor", "__proto__", "Host", "Authorization")
            .Zip(Plain)
            .Select(header => new HostileRow([("headers", Map((header.Item1, header.Item2)))], HostileRow.Sent)),
        ["row: header names that differ in case"] = Plain.Select(
            value => new HostileRow([("headers", Map(("Name", value), ("name", "b"), ("NAME", "c")))], HostileRow.Sent)),
        ["row: header values with line breaks"] = Header(Gen.Constant("h"), WithControl),
        ["row: header names that are none"] = Header(
            Around("", " ", ":", "\r\n", "é", "(", ")", ",", "/", "\"", "\0", "{", "}"), Plain, keepEmpty: true),
        ["row: header names of the broker's"] = Header(Gen.Elements("Nats-Msg-Id", "nats-expected-stream", "NATS-", "Nats-Rollup", "nAtS-x"), Plain),
        ["row: too many headers"] = Gen.Choose(65, 500).Select(
            n => new HostileRow([("headers", Map([.. Enumerable.Range(0, n).Select(i => ($"h{i}", "v"))]))], ErrorCodes.HeadersInvalid)),
        ["row: headers too long"] = Gen.Choose(8_200, 100_000).Select(
            n => new HostileRow([("headers", Map(("h", new string('v', n))))], ErrorCodes.HeadersInvalid)),
        ["row: headers of another type"] = Field(
            "headers",
            Gen.Elements<object?>(
            [
                new { S = "{}" }, new { L = Array.Empty<object>() }, new { N = "1" },
                new { BOOL = false }, new { M = new { a = new { N = "1" } } },
                new { M = new { a = new { NULL = true } } }, new { M = new { a = new { M = new { } } } },
            ]),
            ErrorCodes.HeadersInvalid),
        ["row: ordering key of any characters"] = Text("orderingKey", Plain),
        ["row: ordering key empty, too long or with control characters"] = Text(
            "orderingKey", Gen.OneOf(Long, WithControl, Gen.Constant("")), ErrorCodes.OrderingKeyInvalid),
        ["row: ordering key of another type"] = Field(
            "orderingKey",
            Gen.Elements([.. NoText.Where(value => !value.ToString()!.Contains("NULL", StringComparison.Ordinal))]).Select(object? (value) => value),
            ErrorCodes.OrderingKeyInvalid),
        ["row: times beyond the calendar"] = Numbers(
            "enqueuedAt", ["-9223372036854775808", "9223372036854775807", "0", "-1", "253402300800000", "-62135596800001"], HostileRow.Sent),
        ["row: times that are no numbers"] = Numbers(
            "enqueuedAt", ["", "x", "1e3", "1.5", "99999999999999999999", "0x10", " 1", "٣"], ErrorCodes.FieldInvalid),
        ["row: times that are texts"] = Field(
            "availableAt", Gen.Elements([new { S = "2026-01-01" }, new { M = new { } }, (object?)new { BOOL = true }]), ErrorCodes.FieldInvalid),
        ["row: due long ago"] = Numbers("availableAt", ["0", "-1", "-9223372036854775808", "1"], HostileRow.Sent),
        ["row: due in a far future"] = Numbers("availableAt", ["253402300799999", "4102444800000"], HostileRow.Deferred),
        ["row: due after the calendar"] = Numbers(
            "availableAt", ["9223372036854775807", "253402300800000", "1796083200000000"], ErrorCodes.FieldInvalid),
        ["row: result of JSON"] = Text("result", Json.Where(json => json.Count(c => c == '[') < 200)),
        ["row: result that is no JSON"] = Text("result", NoJson, ErrorCodes.FieldInvalid),
        ["row: unknown status"] = Text(
            "status",
            Gen.OneOf(Plain, Gen.Elements("PENDING", "Pending", " pending", "pending ", "sent", "failed", "publishing", "")),
            HostileRow.LeftAlone),
        ["row: status missing or of another type"] = Field("status", Gen.Elements([null, .. NoText]), HostileRow.LeftAlone),
        ["row: claimed or due already"] = Gen.Elements("claimToken", "dueShard")
            .Zip(Plain)
            .Select(part => new HostileRow([(part.Item1, S(part.Item2))], HostileRow.LeftAlone)),
        ["row: attributes of nobody's"] = Plain.Zip(Gen.Elements(NoText)).Select(
            part => new HostileRow([("x-" + part.Item1, part.Item2)], HostileRow.Sent)),
        ["row: everything at once"] =
            from id in Plain
            from payload in Any
            from key in Plain
            from value in Plain
            select new HostileRow(
                [("eventId", S(id)), ("payload", S(payload)), ("orderingKey", S(key)), ("headers", Map(("h", value), ("H", "x")))], HostileRow.Sent),
    };

    private static Gen<string> Long => Gen.Choose(256, 5_000).Select(length => new string('a', length));

    private static object S(string text) => new { S = text };

    private static object Map(params (string Name, string Value)[] map) =>
        new { M = map.ToDictionary(entry => entry.Item1, entry => S(entry.Item2)) };

    private static Gen<string> Around(params string[] texts) =>
        from text in Gen.Elements(texts)
        from before in Gen.Elements("", "a", "orders.")
        from after in Gen.Elements("", "b")
        select before + text + after;

    private static Gen<HostileRow> Text(string name, Gen<string> texts, string outcome = HostileRow.Sent) =>
        texts.Select(text => new HostileRow([(name, S(text))], outcome));

    private static Gen<HostileRow> Field(string name, Gen<object?> values, string outcome) =>
        values.Select(value => new HostileRow([(name, value)], outcome));

    private static Gen<HostileRow> Numbers(string name, string[] numbers, string outcome) =>
        Gen.Elements(numbers).Select(number => new HostileRow([(name, new { N = number })], outcome));

    private static Gen<HostileRow> Header(Gen<string> names, Gen<string> values, bool keepEmpty = false) =>
        names.Where(name => keepEmpty || name.Length > 0)
            .Zip(values)
            .Where(header => header.Item1.Any(c => !char.IsAsciiLetterOrDigit(c)) || header.Item1.Length == 0 || header.Item2.Any(char.IsControl))
            .Select(header => new HostileRow([("headers", Map((header.Item1, header.Item2)))], ErrorCodes.HeadersInvalid));
}
