using System.Buffers;
using System.Threading.Tasks.Sources;

namespace NATS.Client.Core.Internal;

/// <summary>
/// Two buffers: operations are appended to one while the other is written to the socket. So whatever is sent while a
/// write is under way goes out with the next one, in one piece.
/// </summary>
internal sealed class OutgoingBuffer : IValueTaskSource
{
    private const int InitialSize = 64 * 1024;
    private const int FullSize = 1024 * 1024;

    private readonly Lock _gate = new();
    private byte[] _filling = ArrayPool<byte>.Shared.Rent(InitialSize);
    private byte[] _writing = ArrayPool<byte>.Shared.Rent(InitialSize);
    private int _length;
    private bool _completed;
    private bool _writerWaits;
    private TaskCompletionSource? _room;
    private ManualResetValueTaskSourceCore<bool> _work = new() { RunContinuationsAsynchronously = true };

    /// <summary>Writes one operation into a span of exactly the length that was asked for.</summary>
    internal delegate void Fill<TState>(Span<byte> target, in TState state)
        where TState : allows ref struct;

    /// <summary>Waits until there is room. False: the buffer is closed.</summary>
    internal ValueTask<bool> WaitForRoomAsync(CancellationToken cancellationToken)
    {
        Task wait;
        lock (_gate)
        {
            if (_completed || _length < FullSize)
            {
                return new ValueTask<bool>(!_completed);
            }

            wait = (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        return WaitAsync(wait, cancellationToken);
    }

    /// <summary>Appends one operation, completely or not at all.</summary>
    /// <returns>False: the buffer is closed, and nothing of it will be sent.</returns>
    internal bool TryAppend<TState>(int length, in TState state, Fill<TState> fill)
        where TState : allows ref struct
    {
        lock (_gate)
        {
            if (_completed)
            {
                return false;
            }

            Grow(_length + length);
            fill(_filling.AsSpan(_length, length), state);
            _length += length;
            Wake();
            return true;
        }
    }

    internal bool TryAppend(ReadOnlySpan<byte> operation) =>
        TryAppend(operation.Length, operation, static (Span<byte> target, in ReadOnlySpan<byte> bytes) => bytes.CopyTo(target));

    /// <summary>Waits for something to write. The result is valid until the next call; empty: the buffer is closed.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> TakeAsync()
    {
        await WaitForWorkAsync();
        lock (_gate)
        {
            if (_completed)
            {
                return default;
            }

            var length = _length;
            (_filling, _writing) = (_writing, _filling);
            _length = 0;
            _room?.TrySetResult();
            _room = null;
            return _writing.AsMemory(0, length);
        }
    }

    /// <summary>Closes the buffer: what was not taken is dropped, and nothing can be appended any more.</summary>
    internal void Complete()
    {
        lock (_gate)
        {
            if (!_completed)
            {
                _completed = true;
                _room?.TrySetResult();
                Wake();
            }
        }
    }

    void IValueTaskSource.GetResult(short token) => _work.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _work.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _work.OnCompleted(continuation, state, token, flags);

    private ValueTask WaitForWorkAsync()
    {
        lock (_gate)
        {
            if (_length > 0 || _completed)
            {
                return ValueTask.CompletedTask;
            }

            _work.Reset();
            _writerWaits = true;
            return new ValueTask(this, _work.Version);
        }
    }

    private async ValueTask<bool> WaitAsync(Task wait, CancellationToken cancellationToken)
    {
        await wait.WaitAsync(cancellationToken);
        lock (_gate)
        {
            return !_completed;
        }
    }

    private void Wake()
    {
        if (_writerWaits)
        {
            _writerWaits = false;
            _work.SetResult(true);
        }
    }

    private void Grow(int length)
    {
        if (length > _filling.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, _filling.Length * 2));
            _filling.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_filling);
            _filling = larger;
        }
    }
}
