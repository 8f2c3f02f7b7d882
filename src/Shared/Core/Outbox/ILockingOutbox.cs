namespace Relaybox.Outbox;

/// <summary>An outbox that can hold rows by the locks of an open transaction.</summary>
internal interface ILockingOutbox : IOutboxRepository
{
    /// <summary>
    /// Locks rows that are due, and makes them sent in a transaction that is left open. Until it is committed everybody else
    /// sees them as they were and passes them by; if it never is, they are as they were. The order of each ordering key holds
    /// as it does for claims. A process that ends with locked rows in hand leaves no trace on them.
    /// </summary>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="longest">For how long they are locked at most; then the store lets them go.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is locked then.</param>
    /// <returns>The rows, perhaps none; the caller disposes it.</returns>
    Task<ILockedRows> LockAsync(ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken);
}
