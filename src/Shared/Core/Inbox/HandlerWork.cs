using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>
/// What a handler gives to its message's transaction: the events, the enlisted writes, and the session, which is opened once at most.
/// Once the work is closed, it takes nothing more. Safe for many callers at once.
/// </summary>
/// <typeparam name="TWrite">What the store enlists.</typeparam>
/// <typeparam name="TSession">The store's transaction that the handler writes in itself.</typeparam>
/// <param name="owner">The transaction that a caller knows; an error names it.</param>
internal sealed class HandlerWork<TWrite, TSession>(Type owner)
    where TSession : class
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly Lock _gate = new();
    private readonly List<OutboxEvent> _events = [];
    private readonly List<TWrite> _writes = [];
    private TSession? _session;
    private bool _closed;

    /// <summary>The events, in the order in which the handler emitted them. Complete once the work is closed.</summary>
    internal IReadOnlyList<OutboxEvent> Events => _events;

    /// <summary>The writes, in the order in which the handler enlisted them. Complete once the work is closed.</summary>
    internal IReadOnlyList<TWrite> Writes => _writes;

    /// <summary>The session; null if the handler has opened none, or if it was taken.</summary>
    internal TSession? Session => Volatile.Read(ref _session);

    /// <exception cref="ObjectDisposedException">The work is closed.</exception>
    internal void RequireOpen() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), owner);

    /// <exception cref="ObjectDisposedException">The work is closed.</exception>
    internal void Emit(OutboxEvent outboxEvent) => Add(_events, outboxEvent);

    /// <exception cref="ObjectDisposedException">The work is closed.</exception>
    internal void Enlist(TWrite write) => Add(_writes, write);

    /// <summary>Gives the session, and opens it if it is not open yet.</summary>
    /// <param name="open">Opens it.</param>
    /// <param name="giveUp">Ends a session that was opened too late.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ObjectDisposedException">The work is closed.</exception>
    internal async ValueTask<TSession> OpenAsync(
        Func<CancellationToken, Task<TSession>> open, Func<TSession, ValueTask> giveUp, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            RequireOpen();
            if (_session is { } session)
            {
                return session;
            }

            session = await open(cancellationToken);
            lock (_gate)
            {
                if (!_closed)
                {
                    return _session = session;
                }
            }

            // Too late: nobody else knows of it.
            await giveUp(session);
            throw new ObjectDisposedException(owner.FullName);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Closes the work if the handler has given nothing.</summary>
    /// <returns>Whether it is closed now.</returns>
    internal bool TryCloseEmpty()
    {
        lock (_gate)
        {
            if (_session is not null || _events.Count > 0 || _writes.Count > 0)
            {
                return false;
            }

            _closed = true;
            return true;
        }
    }

    internal void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Takes the session, so that one caller alone ends it.</summary>
    internal TSession? TakeSession() => Interlocked.Exchange(ref _session, null);

    private void Add<T>(List<T> list, T item)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, owner);
            list.Add(item);
        }
    }
}
