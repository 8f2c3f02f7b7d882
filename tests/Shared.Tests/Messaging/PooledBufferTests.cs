using System.Text;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Buffers that are lent, and whose bytes are another's afterwards.</summary>
public class PooledBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public void A_text_is_there_as_utf8(int repeats)
    {
        var text = string.Concat(Enumerable.Repeat("é\U0001F680 ", repeats));
        using var buffer = PooledBuffer.Of(text);
        Assert.Equal(Encoding.UTF8.GetBytes(text), buffer.Written.ToArray());
    }

    [Fact]
    public void What_was_written_stays_when_the_buffer_grows()
    {
        using var buffer = new PooledBuffer();
        for (var i = 0; i < 100_000; i++)
        {
            buffer.GetSpan()[0] = (byte)i;
            buffer.Advance(1);
        }

        Assert.Equal(Enumerable.Range(0, 100_000).Select(i => (byte)i), buffer.Written.ToArray());
    }

    [Fact]
    public void Nothing_can_be_read_or_written_once_it_went_back()
    {
        var buffer = PooledBuffer.Of("text");
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Written);
        Assert.Throws<ObjectDisposedException>(() => buffer.GetMemory());
        Assert.Throws<ObjectDisposedException>(() => buffer.Advance(0));
    }

    [Fact]
    public void A_buffer_that_is_disposed_twice_goes_back_once()
    {
        var buffer = PooledBuffer.Of("text");
        buffer.Dispose();
        buffer.Dispose();
        using var one = PooledBuffer.Of("one");
        using var other = PooledBuffer.Of("other");
        Assert.Equal("one", Encoding.UTF8.GetString(one.Written.Span));
    }

    [Fact]
    public void More_than_there_is_room_for_cannot_be_claimed_as_written()
    {
        using var buffer = PooledBuffer.Of("text");
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(-1));
    }
}
