namespace Relaybox.Local.EventSources;

/// <summary>Switches an event source off and on again, as Lambda does by the <c>Enabled</c> of an event source mapping.</summary>
internal sealed class EventSourceSwitch
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _off;
    private int _turns;

    /// <summary>The state as Lambda names it. While it is Disabling, what was read before still goes to the function.</summary>
    public string State
    {
        get
        {
            lock (_lock)
            {
                return _off is null ? "Enabled" : _turns > 0 ? "Disabling" : "Disabled";
            }
        }
    }

    /// <summary>Switches.</summary>
    /// <param name="isOn">Whether it is on from now.</param>
    public void Turn(bool isOn)
    {
        lock (_lock)
        {
            if (!isOn)
            {
                _off ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return;
            }

            _off?.SetResult();
            _off = null;
        }
    }

    /// <summary>Waits while it is off, and begins a turn: what is read in a turn is delivered in it. Dispose of the turn when it is done.</summary>
    public async Task<IDisposable> BeginTurnAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task off;
            lock (_lock)
            {
                if (_off is null)
                {
                    _turns++;
                    return new Turned(this);
                }

                off = _off.Task;
            }

            await off.WaitAsync(cancellationToken);
        }
    }

    private sealed class Turned(EventSourceSwitch source) : IDisposable
    {
        private bool _isDisposed;

        public void Dispose()
        {
            lock (source._lock)
            {
                source._turns -= _isDisposed ? 0 : 1;
                _isDisposed = true;
            }
        }
    }
}
