namespace Relaybox.Timing;

/// <summary>Holds a token that cancels when a deadline comes. Dispose it when the work has ended.</summary>
internal sealed class DeadlineScope : IDisposable
{
    private readonly CancellationTokenSource _timed;
    private readonly CancellationTokenSource _linked;

    internal DeadlineScope(TimeSpan remaining, TimeProvider time, CancellationToken cancellationToken)
    {
        _timed = new CancellationTokenSource(remaining, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_timed.Token, cancellationToken);
        if (remaining <= TimeSpan.Zero)
        {
            _timed.Cancel();
        }
    }

    /// <summary>Cancels at the deadline, or with the token that the scope was begun with.</summary>
    public CancellationToken Token => _linked.Token;

    /// <summary>Whether the deadline has come.</summary>
    public bool IsOver => _timed.IsCancellationRequested;

    /// <inheritdoc />
    public void Dispose()
    {
        _linked.Dispose();
        _timed.Dispose();
    }
}
