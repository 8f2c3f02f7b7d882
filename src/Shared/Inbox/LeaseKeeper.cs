using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;

namespace Relaybox.Inbox;

/// <summary>
/// Keeps a claim, and its message's invisibility, alive while the handler is: whoever gets a copy meanwhile is told to
/// wait. When the claim turns out to be another's, it says so and ends.
/// </summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _lost;
    private readonly Task _keeping;

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
        _lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _lost.Token;
        _keeping = KeepAsync(repository, claim, message, lease, time, logger);
    }

    /// <summary>Is cancelled when the handler works in vain: the claim is lost, or time is over.</summary>
    internal CancellationToken Token { get; }

    /// <summary>Whether another worker has the claim.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>Renews no longer. Once this has returned, nothing of it is under way.</summary>
    internal async Task StopAsync()
    {
        await Begin.CancelAsync(_ended);
        await _keeping;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _ended.Dispose();
        _lost.Dispose();
    }

    private async Task KeepAsync(
        IInboxRepository repository, InboxClaim.Claimed claim, InboxMessage message, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        using var timer = new PeriodicTimer(lease / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                try
                {
                    if (!await repository.RenewAsync(claim, lease, _ended.Token))
                    {
                        IsLost = true;
                        await Begin.CancelAsync(_lost);
                        return;
                    }

                    if (message.ExtendAsync is { } extend)
                    {
                        await extend(lease, _ended.Token);
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The next time may do. If none does, the fence decides.
                    Log.InboxStoreFailed(logger, claim.EventId, FailureText.Of(e, repository));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The handler has ended.
        }
    }
}
