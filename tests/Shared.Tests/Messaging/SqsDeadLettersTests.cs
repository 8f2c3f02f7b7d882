using Amazon.SQS.Model;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A dead letter has its error code whatever the size of the message, and nothing of the message is lost.</summary>
public class SqsDeadLettersTests
{
    private const int Most = 1_048_576;
    private const string Reason = "No handler is registered for the subject 'orders.placed'.";

    private readonly ScriptedSqs _sqs = new();

    public static TheoryData<string, string> FormatsAndCodes => new(
        from format in MessageFormats.Names
        from code in typeof(ErrorCodes).GetFields().Select(constant => (string)constant.GetRawConstantValue()!)
        select (format, code));

    [Theory]
    [MemberData(nameof(FormatsAndCodes))]
    public async Task Of_the_largest_message_of_our_relay_it_has_the_code_and_is_read_as_the_original(string format, string code)
    {
        var written = Event(format, room: 0);
        var dead = await SendAsync(Entry(written, format), code);

        Assert.Equal(code, Text(dead, SqsAttributes.ErrorCode));
        GeneratedEvents.AssertSame(written, Read(dead));
    }

    [Fact]
    public async Task Of_an_envelope_just_below_the_limit_the_body_stays_and_the_reason_is_there()
    {
        var entry = Entry(Event("envelope", room: 50), "envelope");
        Assert.Equal(Most - 50, entry.Size);
        var dead = await SendAsync(entry, ErrorCodes.SubjectUnhandled);

        Assert.Equal(entry.Body, dead.MessageBody);
        Assert.Equal(ErrorCodes.SubjectUnhandled, Text(dead, SqsAttributes.ErrorCode));
        Assert.StartsWith(Text(dead, SqsAttributes.ErrorMessage)!, Reason, StringComparison.Ordinal);
        Assert.NotNull(Text(dead, SqsAttributes.Properties));
    }

    [Fact]
    public async Task A_body_without_any_room_beside_it_is_compressed_and_read_as_it_was()
    {
        // Text that hardly becomes smaller.
        var noise = new byte[Most];
        new Random(7).NextBytes(noise);
        foreach (var filling in new[] { new string('x', Most), Convert.ToBase64String(noise) })
        {
            const string Head = """{"id":"e-1","subject":"orders.placed","payload":""";
            var body = $"{Head}\"{filling[..(Most - Head.Length - 3)]}\"}}";
            Assert.Equal(Most, body.Length);
            var dead = await SendAsync(body, []);

            Assert.Equal((ErrorCodes.SubjectUnhandled, Reason), (Text(dead, SqsAttributes.ErrorCode), Text(dead, SqsAttributes.ErrorMessage)));
            Assert.Equal("m-1", Text(dead, SqsAttributes.SourceMessageId));
            Assert.Equal(body[Head.Length..^1], Read(dead).Payload);

            // As it is copied again when it was moved back to no avail.
            Assert.Equal(body[Head.Length..^1], Read(await SendAsync(dead.MessageBody, dead.MessageAttributes)).Payload);
        }
    }

    [Fact]
    public async Task Attributes_of_other_producers_are_left_out_first()
    {
        var attributes = Enumerable.Range(0, 10).ToDictionary(i => $"a{i}", i => SqsEntry.Text(new string('v', 1_000)));
        var dead = await SendAsync(new string('x', Most - 4_000), attributes);

        Assert.Equal(
            ["a0", "a1", "a2", "relaybox-error-code", "relaybox-error-message", "relaybox-source-message-id"],
            dead.MessageAttributes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((ErrorCodes.SubjectUnhandled, Reason), (Text(dead, SqsAttributes.ErrorCode), Text(dead, SqsAttributes.ErrorMessage)));
    }

    [Fact]
    public async Task A_small_message_keeps_as_many_attributes_as_SQS_takes()
    {
        var attributes = Enumerable.Range(0, 10).ToDictionary(i => $"a{i}", _ => SqsEntry.Text("v"));
        var dead = await SendAsync("x", attributes);
        Assert.Equal(10, dead.MessageAttributes.Count);
        Assert.Equal(["a0", "a1", "a2", "a3", "a4", "a5", "a6"], dead.MessageAttributes.Keys.Where(key => key[0] == 'a').Order());
    }

    [Fact]
    public async Task A_queue_that_takes_less_gets_what_it_takes()
    {
        var body = $$"""{"id":"e-1","subject":"orders.placed","payload":"{{new string('x', 9_900)}}"}""";
        _sqs.MaxBytes = 10_000;
        var dead = await SendAsync(body, new() { ["theirs"] = SqsEntry.Text("v") });
        Assert.Equal(ErrorCodes.SubjectUnhandled, Text(dead, SqsAttributes.ErrorCode));
        Assert.Equal("e-1", Read(dead).EventId);
    }

    private static OutboxEvent Event(string format, int room)
    {
        var smallest = Sized(0);
        return Sized(Most - room - Entry(smallest, format).Size);

        static OutboxEvent Sized(int more) => Sample.Event("e", new string('p', 10 + more)) with
        {
            OrderingKey = "k", Headers = new Dictionary<string, string> { ["traceparent"] = "00-1-2-01" }, Result = "[1]",
        };
    }

    private static SqsEntry Entry(OutboxEvent outboxEvent, string format) =>
        SqsEntry.Create(0, outboxEvent, MessageFormats.Get(format), new SqsPublisherOptions { QueueUrl = "" }, DateTimeOffset.UnixEpoch);

    private static string? Text(SendMessageRequest dead, string name) => dead.MessageAttributes.GetValueOrDefault(name)?.StringValue;

    private static OutboxEvent Read(SendMessageRequest dead) => new SqsReader().Read(
        dead.MessageBody,
        name => dead.MessageAttributes.GetValueOrDefault(name)?.StringValue,
        name => dead.MessageAttributes.GetValueOrDefault(name)?.BinaryValue).Event;

    private Task<SendMessageRequest> SendAsync(SqsEntry entry, string code) => SendAsync(entry.Body, entry.Attributes, code);

    private async Task<SendMessageRequest> SendAsync(
        string body, Dictionary<string, MessageAttributeValue> attributes, string code = ErrorCodes.SubjectUnhandled)
    {
        await new SqsDeadLetters(_sqs, "http://127.0.0.1:1/1/dead").SendAsync(
            "m-1", body, attributes, groupId: null, code, Reason, TestContext.Current.CancellationToken);
        var sent = Assert.Single(_sqs.Singles);
        _sqs.Singles.Clear();
        return sent;
    }
}
