using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A dead letter has its error code whatever the size of the message and whatever its headers are.</summary>
public class NatsDeadLettersTests(NatsServer server)
{
    private const int Most = 1_048_576;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Formats => [.. MessageFormats.Names];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task The_largest_message_of_our_relay_is_read_as_the_original(string format)
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        pull.Handle();
        var publisher = pull.World.CreatePublisher(MessageFormats.Get(format));

        // Nothing handles it. The largest that is accepted: found by halving.
        var (fits, tooLarge) = (0, Most);
        while (tooLarge - fits > 1)
        {
            var size = (fits + tooLarge) / 2;
            var accepted = (await publisher.PublishAsync([Event($"e-{size}", size)], Ct))[0].Status == PublishStatus.Accepted;
            (fits, tooLarge) = accepted ? (size, tooLarge) : (fits, size);
        }

        await pull.DrainAsync();
        var dead = (await pull.World.TakeAsync(100, pull.World.DeadName)).OrderBy(message => message.Data!.Length).ToList();
        Assert.NotEmpty(dead);
        Assert.All(dead, message => Assert.Equal(ErrorCodes.SubjectUnhandled, message.Headers![NatsHeaderNames.ErrorCode]));
        var read = dead.ConvertAll(message => PulledMessage.Read(message, message.Metadata!.Value).Event);
        GeneratedEvents.AssertSame(Event($"e-{fits}", fits), read.MaxBy(outboxEvent => outboxEvent.Payload.Length)!);

        static OutboxEvent Event(string id, int size) => Sample.Event(id, new string('p', size)) with
        {
            Subject = "nobody.listens",
            OrderingKey = "k",
            Headers = new Dictionary<string, string> { ["h"] = "v", ["x"] = new('y', 200) },
        };
    }

    [Fact]
    public async Task A_body_without_any_room_beside_it_is_compressed_and_read_as_it_was()
    {
        const string Head = """{"id":"e-1","subject":"nobody.listens","payload":""";
        var body = $"{Head}\"{new string('x', Most - Head.Length - 3)}\"}}";
        var dead = await DeadLetterAsync(Encoding.UTF8.GetBytes(body), []);

        Assert.Equal(ErrorCodes.SubjectUnhandled, dead.Headers![NatsHeaderNames.ErrorCode]);
        Assert.StartsWith("No handler", dead.Headers[NatsHeaderNames.ErrorMessage].ToString(), StringComparison.Ordinal);
        Assert.Equal(body[Head.Length..^1], PulledMessage.Read(dead, dead.Metadata!.Value).Event.Payload);
    }

    [Fact]
    public async Task Bytes_that_cannot_be_compressed_lose_their_end_and_are_never_read_as_an_event()
    {
        var noise = new byte[Most];
        new Random(7).NextBytes(noise);
        var dead = await DeadLetterAsync(noise, []);

        Assert.Equal(ErrorCodes.MessageUnreadable, dead.Headers![NatsHeaderNames.ErrorCode]);
        Assert.Equal(("body", "1"), (dead.Headers[NatsHeaderNames.Cut].ToString(), dead.Headers[NatsHeaderNames.SourceSequence].ToString()));
        Assert.InRange(dead.Data!.Length, Most - 1_000, Most);
        Assert.Equal(noise[..dead.Data.Length], dead.Data);
        Assert.Contains(
            "was cut",
            Assert.Throws<MessageFormatException>(() => PulledMessage.Read(dead, dead.Metadata!.Value)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_of_other_producers_are_left_out_first()
    {
        var headers = new NatsHeaders();
        for (var i = 0; i < 64; i++)
        {
            headers[$"X-{i:00}"] = new string('v', 1_013);
        }

        var dead = await DeadLetterAsync("no event"u8.ToArray(), headers);
        Assert.Equal(ErrorCodes.MessageUnreadable, dead.Headers![NatsHeaderNames.ErrorCode]);
        Assert.NotEmpty(dead.Headers[NatsHeaderNames.ErrorMessage].ToString());
        Assert.InRange(dead.Headers.Keys.Count(name => name.StartsWith("X-", StringComparison.Ordinal)), 60, 63);
        Assert.Equal("no event", Encoding.UTF8.GetString(dead.Data!));
    }

    [Fact]
    public async Task A_stream_that_takes_less_gets_what_it_takes()
    {
        var body = Encoding.UTF8.GetBytes($$"""{"id":"e-1","subject":"nobody.listens","payload":"{{new string('x', 9_000)}}"}""");
        var dead = await DeadLetterAsync(body, [], deadMaxBytes: 8_000);
        Assert.Equal(ErrorCodes.SubjectUnhandled, dead.Headers![NatsHeaderNames.ErrorCode]);
        Assert.Equal(("body", "1"), (dead.Headers[NatsHeaderNames.Cut].ToString(), dead.Headers[NatsHeaderNames.MessageId].ToString()[^1..]));
    }

    [Theory]
    [InlineData("X-Lines", "a\nb")]
    [InlineData("X-Return", "a\rb")]
    [InlineData("X-Nul", "a\0b")]
    [InlineData("Relaybox-Error-Message", "a\nb")]
    [InlineData("Relaybox-Subject", "a\nRelaybox-Error-Code: theirs")]
    [InlineData("", "nameless")]
    public async Task Headers_that_the_client_would_send_as_they_are_do_not_damage_the_copy(string name, string value)
    {
        var dead = await DeadLetterAsync("no event"u8.ToArray(), new NatsHeaders { [name] = value, ["X-Last"] = "kept" });
        Assert.Null(dead.Error);
        Assert.Equal(ErrorCodes.MessageUnreadable, dead.Headers![NatsHeaderNames.ErrorCode]);
        if (name.Length > 0)
        {
            // After a header without a name the client reads nothing.
            Assert.Equal("kept", dead.Headers["X-Last"]);
        }

        Assert.Equal("1", dead.Headers[NatsHeaderNames.SourceSequence]);
        Assert.DoesNotContain(dead.Headers, header => header.Key.Length == 0 || header.Value.ToString().AsSpan().IndexOfAny('\r', '\n', '\0') >= 0);
    }

    [Fact]
    public async Task A_compressed_body_that_is_none_is_unreadable()
    {
        var dead = await DeadLetterAsync("x"u8.ToArray(), new NatsHeaders { ["Relaybox-Encoding"] = "gzip" });
        Assert.Equal(ErrorCodes.MessageUnreadable, dead.Headers![NatsHeaderNames.ErrorCode]);
        dead = await DeadLetterAsync("x"u8.ToArray(), new NatsHeaders { ["Relaybox-Encoding"] = "br" });
        Assert.Equal(ErrorCodes.MessageFormatUnknown, dead.Headers![NatsHeaderNames.ErrorCode]);
    }

    private async Task<NATS.Client.JetStream.INatsJSMsg<byte[]>> DeadLetterAsync(byte[] body, NatsHeaders headers, int deadMaxBytes = -1)
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        pull.Handle();
        var context = await pull.World.ContextAsync();
        if (deadMaxBytes > 0)
        {
            var config = (await pull.World.InfoAsync(pull.World.DeadName)).Config;
            await context.UpdateStreamAsync(config with { MaxMsgSize = deadMaxBytes }, Ct);
        }

        await context.Connection.PublishAsync<ReadOnlyMemory<byte>>(
            $"{pull.World.Name}.theirs", body, headers.Count > 0 ? headers : null, cancellationToken: Ct);
        await Eventually.TrueAsync(async () => (await pull.World.InfoAsync()).State.Messages == 1, "the message to be stored");
        var result = await pull.DrainAsync();
        Assert.Equal((1, 1, 0), (result.Messages.Received, result.Messages.DeadLettered, result.Unsettled));
        return Assert.Single(await pull.World.TakeAsync(10, pull.World.DeadName));
    }
}
