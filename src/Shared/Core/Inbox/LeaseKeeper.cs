using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.Inbox;

/// <summary>
/// Renews a claim and its message's invisibility while the handler runs, so that a worker that gets a copy of the message waits.
/// When another worker turns out to have the claim, it says so and ends.
/// </summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly IInboxRepository _repository;
    private readonly InboxClaim.Claimed _claim;
    private readonly InboxMessage _message;
    private readonly TimeSpan _lease;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _lost;
    private readonly TaskScheduler _scheduler = TaskScheduler.Current;
    private readonly ITimer _timer;
    private CancellationTokenSource? _ended;
    private Task _renewing = Task.CompletedTask;
    private bool _isStopped;

    /// <param name="repository">The inbox.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="message">Its message.</param>
    /// <param name="lease">How long a claim holds; it is renewed three times as often.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="cancellationToken">Ends the handler for another reason.</param>
    internal LeaseKeeper(
        IInboxRepository repository,
        InboxClaim.Claimed claim,
        InboxMessage message,
        TimeSpan lease,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellationToken)
    {
        (_repository, _claim, _message, _lease, _logger) = (repository, claim, message, lease, logger);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _lost.Token;
        _timer = time.CreateTimer(static keeper => ((LeaseKeeper)keeper!).Tick(), this, lease / 3, lease / 3);
    }

    /// <summary>Is cancelled when the handler's work can no longer be committed: the claim is lost, or the time is over.</summary>
    internal CancellationToken Token { get; }

    /// <summary>Whether another worker has the claim.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>Renews no longer. Once this has returned, nothing of it is under way.</summary>
    internal async Task StopAsync()
    {
        Task renewing;
        lock (_lock)
        {
            _isStopped = true;
            renewing = _renewing;
        }

        await _timer.DisposeAsync();
        if (!renewing.IsCompleted)
        {
            await BackgroundWork.CancelAsync(_ended!);
            await renewing;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _ended?.Dispose();
        _lost.Dispose();
    }

    // Most handlers end long before the first: nothing is begun for them but a timer.
    private void Tick()
    {
        lock (_lock)
        {
            if (_renewing.IsCompleted && !_isStopped && !IsLost)
            {
                _ended ??= new CancellationTokenSource();
                _renewing = BackgroundWork.Start(() => RenewAsync(_ended.Token), CancellationToken.None, _scheduler);
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _repository.RenewAsync(_claim, _lease, cancellationToken))
            {
                IsLost = true;
                await BackgroundWork.CancelAsync(_lost);
                return;
            }

            if (_message.ExtendAsync is { } extend)
            {
                await extend(_lease, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The handler has ended.
        }
        catch (Exception e)
        {
            // The next time may do. If none does, the fence decides.
            Log.InboxStoreFailed(_logger, _claim.EventId, FailureText.Of(e, _repository));
        }
    }
}
