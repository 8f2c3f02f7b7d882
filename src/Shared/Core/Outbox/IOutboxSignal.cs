namespace Relaybox.Outbox;

/// <summary>
/// Tells a relay that has found nothing to do when to look again. Disposing it closes what it waits on, such as a connection; the next
/// wait opens another.
/// </summary>
internal interface IOutboxSignal : IAsyncDisposable
{
    /// <summary>
    /// Waits until there may be something to claim. It may return for nothing; it does not miss what became due between the
    /// caller's last claim and this call, and does not fail where the store cannot be reached: then only the time passes.
    /// </summary>
    /// <param name="longest">The longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken);

    /// <summary>Says that the caller has found rows since its last wait, so that more may follow at once.</summary>
    void FoundRows()
    {
    }

    /// <summary>Whether a call of the store failed because the store is away, so that the caller should wait and call again.</summary>
    /// <param name="exception">What the call threw.</param>
    bool IsOutage(Exception exception) => false;
}
