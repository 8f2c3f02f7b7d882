using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>A run that begins nothing more once an operator has paused its part. Dispose of it when the run has ended.</summary>
internal sealed class WatchedRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _paused = new();
    private readonly CancellationTokenSource _ended = new();
    private Task _watching = Task.CompletedTask;

    /// <summary>Whether the part is paused.</summary>
    public bool IsPaused => _paused.IsCancellationRequested;

    /// <summary>The run's deadline: once the part is paused, it has time for nothing.</summary>
    /// <param name="deadline">The deadline that the run has otherwise.</param>
    public WorkDeadline Bound(WorkDeadline deadline)
    {
        ArgumentNullException.ThrowIfNull(deadline);
        return deadline.EndedBy(_paused.Token);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await BackgroundWork.CancelAsync(_ended);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _ended.Dispose();
        _paused.Dispose();
    }

    internal void Pause() => _paused.Cancel();

    internal void Watch(Func<CancellationToken, Task> watch) => _watching = BackgroundWork.Start(() => watch(_ended.Token), _ended.Token);
}
