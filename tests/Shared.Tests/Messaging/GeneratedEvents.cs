using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Events with everything that text can do to a format. Not all of them keep the row contract.</summary>
internal static class GeneratedEvents
{
    private static readonly string[] ContentTypes =
    [
        "application/json", "Application/JSON; charset=utf-8", "application/vnd.order+json", "text/plain", "text/csv; header=present",
        "image/png", "application/octet-stream", "application/xml", "no type at all", "", "a/b;", "image/png, text/plain",
    ];

    internal static Gen<OutboxEvent> Any()
    {
        var text = Gen.OneOf(
            ArbMap.Default.GeneratorFor<string>().Select(s => s ?? ""),
            Gen.ArrayOf(Gen.Elements("a", "é", "\U0001F680", "\uFFFE", "\0", "\"", "\\", "\r\n", "{", "}", " ", "\u2028", "="))
                .Select(string.Concat));
        var json = Gen.OneOf(
            Gen.ArrayOf(Gen.Choose(0, 9)).Select(n => "{\"n\" : [" + string.Join(", ", n) + "]}"),
            Gen.Elements("null", "1", "\"a string\"", "1e400", "[]", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "{\"specversion\":\"1.0\"}"));
        var base64 = Gen.OneOf(
            ArbMap.Default.GeneratorFor<byte[]>().Select(bytes => Convert.ToBase64String(bytes ?? [])),
            Gen.Elements("QQ==", "QR==", "QQ= =", " QQ==", "QQ==\n", "abcd", "a_-d"));
        var name = Gen.ArrayOf(Gen.Elements("a", "B", "-", "7", "_")).Select(parts => "h" + string.Concat(parts));
        var header = Gen.OneOf(
            name.Zip(text).Select(h => (h.Item1, h.Item2)),
            Gen.Elements("content-type", "Content-Type").Zip(Gen.Elements(ContentTypes)).Select(h => (h.Item1, h.Item2)),
            Gen.Elements("traceparent", "tracestate", "ce-source", "id").Zip(text).Select(h => (h.Item1, h.Item2)));
        return
            from id in text
            from subject in Gen.Elements("orders.placed", "a", "A-b_c.0")
            from payload in Gen.OneOf(text, json, base64)
            from headers in Gen.ArrayOf(header)
            from key in Gen.OneOf(Gen.Constant<string?>(null), text.Select(string? (t) => t))
            from result in Gen.OneOf(Gen.Constant<string?>(null), json.Select(string? (j) => j))
            from milliseconds in Gen.Choose(0, int.MaxValue)
            select new OutboxEvent
            {
                EventId = id,
                Subject = subject,
                Payload = payload,
                Headers = headers.DistinctBy(h => h.Item1).ToDictionary(h => h.Item1, h => h.Item2),
                OrderingKey = key,
                Result = result,
                EnqueuedAt = milliseconds % 3 == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds((milliseconds * 1000L) + (milliseconds % 1000)),
            };
    }

    /// <summary>Every field, headers in any order, is what was written.</summary>
    internal static void AssertSame(OutboxEvent written, OutboxEvent read)
    {
        Assert.Equal(written with { Headers = read.Headers }, read);
        Assert.Equal(
            written.Headers.OrderBy(h => h.Key, StringComparer.Ordinal), read.Headers.OrderBy(h => h.Key, StringComparer.Ordinal));
    }

    /// <summary>Reads a body that came with nothing beside it.</summary>
    internal static OutboxEvent Read(this IMessageFormat format, ReadOnlyMemory<byte> body) => format.Read(body, MessageAttributes.None);
}
