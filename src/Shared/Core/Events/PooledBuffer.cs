using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace Relaybox.Events;

/// <summary>
/// Bytes in a buffer of the shared pool, for as long as one method runs. When it is disposed the buffer is anybody's: nothing of
/// <see cref="Written"/> may be kept, or handed to a call that goes on after that.
/// </summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int LeastBytes = 256;

    private byte[]? _array = [];
    private int _count;

    /// <summary>A text as UTF-8.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encoding">The UTF-8 encoding, which decides about lone surrogates. Default: they become replacement characters.</param>
    /// <exception cref="EncoderFallbackException">The text holds a lone surrogate, and the encoding refuses those.</exception>
    internal static PooledBuffer Of(string text, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        var bytes = encoding.GetByteCount(text);
        var buffer = new PooledBuffer();
        buffer.Advance(encoding.GetBytes(text, buffer.GetSpan(bytes)));
        return buffer;
    }

    /// <summary>What was written.</summary>
    /// <exception cref="ObjectDisposedException">The buffer went back to the pool.</exception>
    internal ReadOnlyMemory<byte> Written => Array.AsMemory(0, _count);

    private byte[] Array
    {
        get
        {
            ObjectDisposedException.ThrowIf(_array is null, this);
            return _array;
        }
    }

    /// <inheritdoc />
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - _count);
        _count += count;
    }

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var least = checked(_count + Math.Max(sizeHint, 1));
        if (least > Array.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(least, Math.Max(LeastBytes, (int)Math.Min(2L * _count, System.Array.MaxLength))));
            Written.Span.CopyTo(larger);
            Return();
            _array = larger;
        }

        return Array.AsMemory(_count);
    }

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc />
    public void Dispose() => Return();

    private void Return()
    {
        if (Interlocked.Exchange(ref _array, null) is { Length: > 0 } array)
        {
            Spoil(array);
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    // In the tests, bytes that are used too late are wrong at once, and not only when another has the buffer.
    [Conditional("DEBUG")]
    private void Spoil(byte[] array) => array.AsSpan(0, _count).Fill(0xFF);
}
