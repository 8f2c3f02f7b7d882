using System.Text;
using NATS.Client.Core;
using NATS.Client.Core.Internal;

namespace Relaybox.Substitutes.Tests.Nats.Internal;

public class ProtocolParserTests
{
    private const string Session =
        "INFO {\"max_payload\":1024}\r\n+OK\r\nPING\r\nMSG a.b 1 5\r\nhello\r\nMSG a.b 2 reply.x 0\r\n\r\n" +
        "HMSG _INBOX.x.0 9 12 17\r\nNATS/1.0\r\n\r\nhello\r\nHMSG s 7 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPONG\r\n-ERR 'Stale Connection'\r\nping\r\n";

    private static readonly string[] Expected =
    [
        "Info||0||{\"max_payload\":1024}", "Ok||0||", "Ping||0||", "Message|a.b|1||hello", "Message|a.b|2|reply.x|",
        "Message|_INBOX.x.0|9||NATS/1.0..../hello", "Message|s|7|r|NATS/1.0 503..../", "Pong||0||", "Error||0||Stale Connection", "Ping||0||",
    ];

    [Fact]
    public void A_session_is_read_in_any_pieces()
    {
        var bytes = Encoding.ASCII.GetBytes(Session);
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            Assert.Equal(Expected, Read(bytes, piece));
        }
    }

    [Theory]
    [InlineData("HELLO\r\n")]
    [InlineData("\r\n")]
    [InlineData("MSG\r\n")]
    [InlineData("MSG a\r\n")]
    [InlineData("MSG a 1\r\n")]
    [InlineData("MSG a 1 -1\r\n")]
    [InlineData("MSG a 1 1x\r\n")]
    [InlineData("MSG a x 1\r\n")]
    [InlineData("MSG a 1 b c 1\r\n")]
    [InlineData("MSG a 1 99999999999999999999999\r\n")]
    [InlineData("MSG a 1 2147483648\r\n")]
    [InlineData("MSG a 1 999999999\r\n")]
    [InlineData("HMSG a 1 5\r\n")]
    [InlineData("HMSG a 1 6 5\r\n")]
    [InlineData("MSG a 1 1\r\nxyz\r\n")]
    [InlineData("PINGPONG\r\n")]
    public void What_is_not_of_the_protocol_ends_the_connection(string bytes) =>
        Assert.Throws<ProtocolException>(() => Read(Encoding.ASCII.GetBytes(bytes), 1024));

    [Fact]
    public void A_line_that_does_not_end_is_not_kept_forever()
    {
        var line = new byte[ProtocolParser.MaxLine + 2];
        Array.Fill(line, (byte)'a');
        Assert.Throws<ProtocolException>(() => Read(line, line.Length));
        Assert.Throws<ProtocolException>(() => Read(line, 1000));
    }

    [Fact]
    public void Whatever_comes_it_is_read_or_refused_and_nothing_else()
    {
        var random = new Random(20_260_101);
        var seeds = new[] { Session, "MSG a 1 3\r\nabc\r\n", "HMSG a 1 b 12 14\r\nNATS/1.0\r\n\r\nxy\r\n", "-ERR\r\n", "INFO \r\n" }
            .Select(Encoding.ASCII.GetBytes).ToArray();
        var (read, refused) = (0, 0);
        for (var i = 0; i < 150_000; i++)
        {
            var bytes = Mutate(seeds[random.Next(seeds.Length)], random);
            try
            {
                read += Read(bytes, random.Next(1, bytes.Length + 2)).Count;
            }
            catch (ProtocolException)
            {
                refused++;
            }
        }

        Assert.True(read > 20_000 && refused > 50_000, $"{read} read, {refused} refused");
    }

    [Fact]
    public void The_pieces_that_bytes_come_in_change_nothing()
    {
        var random = new Random(7);
        var session = Encoding.ASCII.GetBytes(Session);
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = Mutate(session, random);
            Assert.Equal(TryRead(bytes, bytes.Length), TryRead(bytes, random.Next(1, 20)));
        }
    }

    [Fact]
    public void Any_header_block_is_read_or_has_an_error()
    {
        var random = new Random(11);
        var block = "NATS/1.0 404 No Messages\r\nA: b\r\nEmpty:\r\nA: c\r\nTwo: \u00e9  \r\n\r\n"u8.ToArray();
        var (fine, wrong) = (0, 0);
        for (var i = 0; i < 100_000; i++)
        {
            var headers = HeaderBlock.Parse(Mutate(block, random), Encoding.UTF8);
            _ = headers.Error is null ? fine++ : wrong++;
        }

        Assert.True(fine > 1000 && wrong > 1000, $"{fine} fine, {wrong} wrong");
        var read = HeaderBlock.Parse(block, Encoding.UTF8);
        Assert.Equal((404, "No Messages", "b,c", "", "\u00e9"), (read.Code, read.MessageText, read["A"].ToString(), read["Empty"].ToString(), read["Two"].ToString()));
    }

    [Fact]
    public void A_header_block_comes_out_as_it_went_in()
    {
        var random = new Random(3);
        for (var i = 0; i < 2_000; i++)
        {
            var headers = new NatsHeaders();
            for (var h = random.Next(1, 6); h > 0; h--)
            {
                headers[new string([.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => "aB-_9!~"[random.Next(7)])])] =
                    new string([.. Enumerable.Range(0, random.Next(0, 10)).Select(_ => "xé中:;\"y"[random.Next(7)])]);
            }

            var block = new byte[HeaderBlock.Measure(headers, Encoding.UTF8)];
            HeaderBlock.Write(headers, Encoding.UTF8, block);
            var read = HeaderBlock.Parse(block, Encoding.UTF8);
            Assert.Null(read.Error);
            Assert.Equal(headers.AsEnumerable().OrderBy(h => h.Key, StringComparer.Ordinal), read.AsEnumerable().OrderBy(h => h.Key, StringComparer.Ordinal));
        }
    }

    private static byte[] Mutate(byte[] source, Random random)
    {
        var bytes = source.ToList();
        for (var changes = random.Next(1, 6); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)" \r\n\t0123456789:"[random.Next(15)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static List<string> TryRead(byte[] bytes, int piece)
    {
        var read = new List<string>();
        try
        {
            Read(bytes, piece, read);
        }
        catch (ProtocolException)
        {
            read.Add("refused");
        }

        return read;
    }

    private static List<string> Read(byte[] bytes, int piece)
    {
        var read = new List<string>();
        Read(bytes, piece, read);
        return read;
    }

    private static void Read(byte[] bytes, int piece, List<string> read)
    {
        var parser = new ProtocolParser();
        var start = 0;
        for (var end = Math.Min(piece, bytes.Length); ; end = Math.Min(end + piece, bytes.Length))
        {
            while (parser.TryRead(bytes.AsSpan(start, end - start), out var frame, out var consumed))
            {
                Assert.InRange(consumed, 1, end - start);
                start += consumed;
                var headers = frame.Headers.IsEmpty ? "" : Encoding.ASCII.GetString(frame.Headers).Replace("\r\n", "..", StringComparison.Ordinal) + "/";
                read.Add($"{frame.Kind}|{Encoding.ASCII.GetString(frame.Subject)}|{frame.Sid}|{Encoding.ASCII.GetString(frame.ReplyTo)}|{headers}{Encoding.ASCII.GetString(frame.Payload)}");
            }

            if (end == bytes.Length)
            {
                return;
            }
        }
    }
}
