using System.Buffers;
using System.Text;
using NATS.Client.Core;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Postgres;
using Relaybox.Sql;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Hostile;

/// <summary>What anybody who may write to the queue, the stream or the table can put there.</summary>
public sealed class MutatedMessageTests
{
    private const int Bodies = 400_000;
    private const int Maps = 100_000;
    private const int Beside = 100_000;
    private const int Acknowledgements = 100_000;
    private const int Columns = MutatedInputs.OfShared - Bodies - Maps - Beside - Acknowledgements;

    private static readonly OutboxEvent Event = new()
    {
        EventId = "e-1",
        Subject = "orders.placed",
        Payload = """{"a":[1,2.50,{"b":"\u00e9\ud83d\ude80"}],"c":null}""",
        Headers = new Dictionary<string, string> { ["content-type"] = "application/json", ["x"] = "é" },
        OrderingKey = "k",
        Result = """{"ok":true}""",
        EnqueuedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>The body of a message that names no format: the body itself decides.</summary>
    [Fact]
    public Task A_body_is_read_or_refused() => MutatedInputs.GiveAsync(
        "bodies",
        [
            Text(new EnvelopeFormat(), Event),
            Text(new EnvelopeFormat(), Event with { Payload = "no json \u0001", Headers = OutboxEvent.EmptyHeaders }),
            Text(new CloudEventsFormat(), Event),
            """
            {"specversion":"1.0","id":"1","source":"/s","type":"a.b","time":"2026-01-01T00:00:00Z",
            "data_base64":"QUJD","datacontenttype":"image/png","ext":7}
            """.ReplaceLineEndings(""),
        ],
        Bodies,
        input => Reads(() =>
        {
            var read = MessageFormats.Read(input, MessageAttributes.None);
            if (RowContract.Check(read) is null)
            {
                // What was taken can go round again, and is the same.
                var again = MessageFormats.Read(new EnvelopeFormat().Write(read), MessageAttributes.None);
                Assert.Equal(
                    (read.EventId, read.Subject, read.Payload, read.OrderingKey), (again.EventId, again.Subject, again.Payload, again.OrderingKey));
            }
        }));

    [Fact]
    public Task A_map_of_strings_is_read_or_refused() => MutatedInputs.GiveAsync(
        "maps of strings",
        ["""{"content-type":"application/json","x":"\u00e9"}""", "{}"],
        Maps,
        input => Reads(() => StringMap.Parse(Loose(input), "headers")));

    [Fact]
    public Task What_is_beside_a_body_is_read_or_refused() => MutatedInputs.GiveAsync(
        "attributes and headers",
        [
            "raw\ne-1\norders.placed\n{\"orderingKey\":\"k\",\"enqueuedAt\":\"2026-01-01T00:00:00.000Z\"}\n{\"a\":\"b\"}",
            "raw\ne-1\na\neyJhIjoiYiJ9\n{}",
        ],
        Beside,
        input =>
        {
            var parts = Loose(input).Split('\n', 5);
            string? Part(int i) => i < parts.Length ? parts[i] : null;
            var nats = new NatsHeaders();
            string[] names =
                [NatsHeaderNames.Format, NatsHeaderNames.EventId, NatsHeaderNames.Subject, NatsHeaderNames.Properties, NatsHeaderNames.Headers];
            string[] attributes =
                [SqsAttributes.Format, SqsAttributes.EventId, SqsAttributes.Subject, SqsAttributes.Properties, SqsAttributes.Headers];
            for (var i = 0; i < names.Length && Part(i) is { } part; i++)
            {
                nats[names[i]] = part;
            }

            string? Find(string name) => Part(Array.IndexOf(attributes, name) is >= 0 and var i ? i : int.MaxValue);
            var byNats = Reads(() => MessageFormats.Read("x"u8.ToArray(), NatsHeaderMap.Read(nats)));
            var bySqs = Reads(() => new SqsReader().Read("eA==", Find, _ => null));
            return byNats | bySqs;
        });

    [Fact]
    public Task A_column_of_headers_is_read_or_refused() => MutatedInputs.GiveAsync(
        "columns of headers",
        ["""{"content-type":"application/json","x":"\u00e9"}""", "null", "{}"],
        Columns,
        input => HeadersText.Read(Loose(input)) is { } headers && RowContract.Check(Event with { Headers = headers }) is null);

    /// <summary>Whatever comes instead of an acknowledgement, nothing that does not name a stream is one.</summary>
    [Fact]
    public Task An_acknowledgement_is_read_or_refused()
    {
        var parser = new NatsHeaderParser(Encoding.UTF8);
        string? stream = null;
        return MutatedInputs.GiveAsync(
            "acknowledgements",
            [
                "\n{\"stream\":\"ORDERS\",\"seq\":17}", "\n{\"stream\":\"ORDERS\",\"seq\":17,\"duplicate\":true,\"domain\":\"d\"}",
                "NATS/1.0\r\nA: b\r\n\r\n\n{\"stream\":\"ORDERS\",\"seq\":17}",
            ],
            Acknowledgements,
            input =>
            {
                // The header block before the last line feed, the payload after it.
                var end = Array.LastIndexOf(input, (byte)'\n');
                var (block, payload) = end < 0 ? ([], input) : (input[..end], input[(end + 1)..]);
                var answer = NatsAcknowledgements.Read(parser, new ReadOnlySequence<byte>(block), new ReadOnlySequence<byte>(payload), ref stream);
                var isAccepted = answer.Kind is NatsAnswerKind.Accepted or NatsAnswerKind.KnownCopy;
                Assert.True(!isAccepted || answer.Acknowledgement!.Stream!.Length > 0);
                return isAccepted;
            });
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_name_is_malformed_and_nothing_else()
    {
        var body = Encoding.UTF8.GetBytes("{\"specversi\\ud800\":\"1.0\",\"specversion\":\"1.0\"}");

        Assert.Throws<MessageFormatException>(() => MessageFormats.Read(body, MessageAttributes.None));
    }

    [Fact]
    public void A_million_inputs_are_given_in_all() =>
        Assert.Equal(1_000_000, MutatedInputs.OfShared + MutatedInputs.OfFunctions);

    private static string Text(IMessageFormat format, OutboxEvent outboxEvent) => Encoding.UTF8.GetString(format.Write(outboxEvent).Span);

    // As a driver would give it: any UTF-16, also what no UTF-8 can be.
    private static string Loose(byte[] input) =>
        Array.IndexOf(input, (byte)0xFF) >= 0 ? Encoding.UTF8.GetString(input).Replace('\uFFFD', '\uD800') : Encoding.UTF8.GetString(input);

    private static bool Reads(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (MessageFormatException e)
        {
            Assert.NotEmpty(e.Code);
            return false;
        }
    }
}
