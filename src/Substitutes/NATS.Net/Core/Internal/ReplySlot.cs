using System.Threading.Tasks.Sources;

namespace NATS.Client.Core.Internal;

/// <summary>The place of one request that waits for its reply. It is used again and again; see <see cref="PendingReplies"/>.</summary>
internal sealed class ReplySlot(PendingReplies owner, int index) : IValueTaskSource<Reply>
{
    private ManualResetValueTaskSourceCore<Reply> _core = new() { RunContinuationsAsynchronously = true };

    internal int Index { get; } = index;

    /// <summary>Tells this use of the slot from those before and after it. A late reply carries an older one.</summary>
    internal uint Generation { get; private set; }

    internal bool IsRented { get; private set; }

    internal bool IsPending { get; private set; }

    /// <summary>When the wait ends, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long Deadline { get; private set; }

    internal string Subject { get; private set; } = "";

    internal ReplyReader? Reader { get; private set; }

    internal ValueTask<Reply> Task => new(this, _core.Version);

    internal void Begin(string subject, ReplyReader reader, long deadline)
    {
        Subject = subject;
        Reader = reader;
        Deadline = deadline;
        IsRented = true;
        IsPending = true;
        _core.Reset();
    }

    internal void End(in Reply reply)
    {
        IsPending = false;
        _core.SetResult(reply);
    }

    internal void Fail(Exception exception)
    {
        IsPending = false;
        _core.SetException(exception);
    }

    internal void Free()
    {
        Generation++;
        IsPending = false;
        IsRented = false;
        Subject = "";
        Reader = null;
    }

    Reply IValueTaskSource<Reply>.GetResult(short token)
    {
        var generation = Generation;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            owner.Release(this, generation);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<Reply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<Reply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
