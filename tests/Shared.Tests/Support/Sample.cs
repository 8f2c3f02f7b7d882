using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Events and messages for tests that care about something else.</summary>
internal static class Sample
{
    public static string NewId() => Guid.NewGuid().ToString();

    public static OutboxEvent Event(string? eventId = null, string payload = """{"n":1}""", string subject = "orders.placed") =>
        new() { EventId = eventId ?? NewId(), Subject = subject, Payload = payload };

    public static InboxMessage Message(string? eventId = null, string payload = """{"n":1}""", string subject = "orders.placed") =>
        Message(Event(eventId, payload, subject));

    public static InboxMessage Message(OutboxEvent outboxEvent, string? groupId = null) =>
        new(outboxEvent) { MessageId = NewId(), GroupId = groupId };

    /// <summary>Payloads that go wrong wherever somebody parses, trims, escapes or re-encodes on the way.</summary>
    public static TheoryData<string> AwkwardPayloads { get; } =
    [
        "",
        " ",
        "{}",
        "  {\"a\" : 1 ,\n\t\"a\":2}  ",
        "{\"a\":1,\"a\":2,\"n\":123456789012345678901234567890.0000000001e5}",
        "not json at all",
        "\"a string\"",
        "null",
        "\"\\ud800 half a pair, escaped\"",
        "{\"emoji\":\"\U0001F680 \u00e9 \u4e2d\",\"escaped\":\"\\u0000\\ud83d\\ude80\"}",
        "control \u0001 nul \u0000 \uFFFE \uFFFF and \u2028",
        "<xml attr='&amp;'>]]></xml>",
        "\uFEFF{\"bom\":true}",
        "{\"html\":\"</script><!--+\"}",
        "a\r\nb\rc\n",
        "1e400",
        "{\"deep\":[[[[[[[[]]]]]]]]}",
        "// comment\n{}",
        "{\"raw\":\"\uFFFE \uFFFF\"}",
        "{\"trailing\":1,}",
    ];
}
