using System.Text;
using NATS.Client.Core.Internal;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats.Internal;

/// <summary>What a server, or whoever sits in between, can send.</summary>
public sealed class MutatedProtocolTests
{
    private const int Sessions = 230_000;
    private const int HeaderBlocks = 110_000;
    private const int Infos = MutatedInputs.OfSubstitutes - Sessions - HeaderBlocks;

    [Fact]
    public Task A_session_is_read_or_ended() => MutatedInputs.GiveAsync(
        "NATS sessions",
        [
            "INFO {\"max_payload\":1024}\r\n+OK\r\nPING\r\nMSG a.b 1 5\r\nhello\r\nMSG a.b 2 reply.x 0\r\n\r\n",
            "HMSG _INBOX.x.0 9 12 17\r\nNATS/1.0\r\n\r\nhello\r\nHMSG s 7 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPONG\r\n-ERR 'Stale Connection'\r\n",
            "MSG a 1 3\r\nabc\r\nPING\r\n",
        ],
        Sessions,
        ReadSession);

    [Fact]
    public Task A_header_block_is_read_or_has_an_error() => MutatedInputs.GiveAsync(
        "NATS header blocks",
        [
            "NATS/1.0 404 No Messages\r\nA: b\r\nEmpty:\r\nA: c\r\nTwo: é  \r\n\r\n",
            "NATS/1.0\r\nNats-Msg-Id: e-1\r\na:\r\nb: 1\r\n\r\n",
        ],
        HeaderBlocks,
        input => HeaderBlock.Parse(input, Encoding.UTF8).Error is null);

    [Fact]
    public Task An_INFO_is_read_or_refused() => MutatedInputs.GiveAsync(
        "NATS INFO",
        ["""{"server_id":"A","version":"2.9.10","headers":true,"max_payload":1048576,"jetstream":true,"nonce":"n","connect_urls":["127.0.0.1:4222"]}"""],
        Infos,
        input =>
        {
            try
            {
                Assert.InRange(ServerInfo.Parse(input).MaxPayload, 1, 64 * 1024 * 1024);
                return true;
            }
            catch (ProtocolException)
            {
                return false;
            }
        });

    [Fact]
    public void A_header_that_is_there_very_often_takes_no_more_than_its_size()
    {
        var block = Encoding.ASCII.GetBytes("NATS/1.0\r\n" + string.Concat(Enumerable.Repeat("a:\r\n", 200_000)) + "\r\n");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var headers = HeaderBlock.Parse(block, Encoding.UTF8);

        Assert.Equal(200_000, headers["a"].Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L * block.Length);
    }

    private static bool ReadSession(byte[] bytes)
    {
        var parser = new ProtocolParser();
        var start = 0;
        try
        {
            while (parser.TryRead(bytes.AsSpan(start), out var frame, out var consumed))
            {
                Assert.InRange(consumed, 1, bytes.Length - start);
                Assert.InRange(frame.Headers.Length + frame.Payload.Length, 0, consumed);
                start += consumed;
            }

            return true;
        }
        catch (ProtocolException)
        {
            return false;
        }
    }
}
