namespace NATS.Client.Core.Internal;

/// <summary>
/// The requests that wait for a reply to the connection's one inbox. The last token of the reply's subject names slot and
/// generation, so that a reply finds its request without a look-up, and one that comes too late finds nothing. One timer
/// ends the waits of all.
/// </summary>
internal sealed class PendingReplies : IDisposable
{
    /// <summary>The length of a token: 4 hexadecimal digits of the slot, 8 of its generation.</summary>
    internal const int TokenLength = 12;

    private const int MaxSlots = 1 << 16;

    private readonly Lock _gate = new();
    private readonly Stack<ReplySlot> _free = new();
    private readonly List<ReplySlot> _slots = [];
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _period;
    private readonly Timer _timer;
    private bool _timerRuns;

    internal PendingReplies(TimeSpan timeout)
    {
        _timeout = timeout;
        _period = TimeSpan.FromMilliseconds(Math.Clamp(timeout.TotalMilliseconds / 8, 10, 250));
        _timer = new Timer(static state => ((PendingReplies)state!).EndOverdue(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>How many requests wait.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _slots.Count(slot => slot.IsPending);
            }
        }
    }

    /// <exception cref="NatsException">Too many requests wait already.</exception>
    internal (ReplySlot Slot, uint Generation) Rent(string subject, ReplyReader reader)
    {
        lock (_gate)
        {
            if (!_free.TryPop(out var slot))
            {
                if (_slots.Count == MaxSlots)
                {
                    throw new NatsException($"{MaxSlots} requests wait for their replies already.");
                }

                _slots.Add(slot = new ReplySlot(this, _slots.Count));
            }

            slot.Begin(subject, reader, Environment.TickCount64 + (long)_timeout.TotalMilliseconds);
            if (!_timerRuns)
            {
                _timerRuns = true;
                _timer.Change(_period, _period);
            }

            return (slot, slot.Generation);
        }
    }

    /// <summary>Gives a slot back, whatever has become of its request. Once only: later calls find another generation.</summary>
    internal void Release(ReplySlot slot, uint generation)
    {
        lock (_gate)
        {
            if (slot.IsRented && slot.Generation == generation)
            {
                slot.Free();
                _free.Push(slot);
            }
        }
    }

    /// <summary>Ends the wait of one request; nothing where it has ended before.</summary>
    internal void Fail(ReplySlot slot, uint generation, Exception exception)
    {
        lock (_gate)
        {
            if (slot.IsPending && slot.Generation == generation)
            {
                slot.Fail(exception);
            }
        }
    }

    /// <summary>Ends the waits of all requests, or of those to one subject.</summary>
    internal void FailAll(Exception exception, string? subject = null)
    {
        lock (_gate)
        {
            foreach (var slot in _slots)
            {
                if (slot.IsPending && (subject is null || slot.Subject == subject))
                {
                    slot.Fail(exception);
                }
            }
        }
    }

    /// <summary>Takes a reply to its request; nothing where there is none, or none any more.</summary>
    internal void Complete(ReadOnlySpan<byte> token, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> payload)
    {
        if (!TryParse(token, out var index, out var generation) || Find(index, generation) is not { Reader: { } reader } slot)
        {
            return;
        }

        try
        {
            var reply = HeaderBlock.StatusOf(headers) == 503 ? new Reply(true, null) : new Reply(false, reader(payload));
            lock (_gate)
            {
                if (slot.IsPending && slot.Generation == generation)
                {
                    slot.End(reply);
                }
            }
        }
        catch (Exception e)
        {
            Fail(slot, generation, e as NatsException ?? new NatsException("The reply cannot be read.", e));
        }
    }

    internal static void WriteToken(ReplySlot slot, uint generation, Span<byte> target)
    {
        var value = ((ulong)slot.Index << 32) | generation;
        for (var i = TokenLength - 1; i >= 0; i--)
        {
            var digit = (int)(value & 0xF);
            target[i] = (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);
            value >>= 4;
        }
    }

    public void Dispose() => _timer.Dispose();

    private static bool TryParse(ReadOnlySpan<byte> token, out int index, out uint generation)
    {
        var value = 0UL;
        var valid = token.Length == TokenLength;
        for (var i = 0; valid && i < TokenLength; i++)
        {
            var c = token[i];
            var digit = c is >= (byte)'0' and <= (byte)'9' ? c - '0' : c is >= (byte)'a' and <= (byte)'f' ? c - 'a' + 10 : -1;
            valid = digit >= 0;
            value = (value << 4) | (uint)digit;
        }

        index = (int)(value >> 32);
        generation = (uint)value;
        return valid;
    }

    private ReplySlot? Find(int index, uint generation)
    {
        lock (_gate)
        {
            return index < _slots.Count && _slots[index] is { IsPending: true } slot && slot.Generation == generation ? slot : null;
        }
    }

    private void EndOverdue()
    {
        lock (_gate)
        {
            var now = Environment.TickCount64;
            var pending = 0;
            foreach (var slot in _slots)
            {
                if (slot.IsPending && slot.Deadline <= now)
                {
                    slot.Fail(new NatsNoReplyException());
                }
                else if (slot.IsPending)
                {
                    pending++;
                }
            }

            if (pending == 0)
            {
                _timerRuns = false;
                _timer.Change(Timeout.Infinite, Timeout.Infinite);
            }
        }
    }
}
