using Relaybox.Events;
using Relaybox.Paging;

namespace Relaybox.Inbox;

/// <summary>
/// The inbox in a store. A record is what a consumer remembers of one publication of an event (<see cref="InboxKey"/>). At most one
/// worker holds it at a time. Once it is processed, no worker ever holds it again.
/// </summary>
internal interface IInboxRepository
{
    /// <summary>Claims messages for a consumer: finds or creates each one's record, in one call where the store can.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="messages">The messages, each key once.</param>
    /// <param name="lease">How long the claims hold, measured from now.</param>
    /// <param name="maxAttempts">
    /// After how many attempts a message that was not processed is exhausted. It is so, too, after <see cref="InboxClaim.MaxUnfinished"/>
    /// that never said how they ended.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; what was claimed comes back when its lease ends.</param>
    /// <returns>One answer per message, in the order of <paramref name="messages"/>.</returns>
    Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken);

    /// <summary>Lets a claim hold for longer, while its handler lives.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="lease">How long it holds, measured from now.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown, and the call may be repeated.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// Counts an attempt before it begins, and lets the claim hold for longer: for a message whose earlier attempts never ended.
    /// All others are counted with their claim.
    /// </summary>
    /// <param name="claim">The claim.</param>
    /// <param name="lease">How long it holds, measured from now.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown, and the call may be repeated.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Begins the transaction in which a claimed message will be marked as processed.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken);

    /// <summary>Marks a message as processed, without anything enlisted.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken);

    /// <summary>
    /// Marks those of several messages that can be marked in one call, each under its own claim, without anything enlisted. A
    /// store whose calls cost the same alone marks none.
    /// </summary>
    /// <param name="claims">The claims, each record once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// For each claim, in their order, whether its message is marked by it. Of the others nothing is known:
    /// <see cref="MarkProcessedAsync"/> decides.
    /// </returns>
    Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        return Task.FromResult<IReadOnlyList<bool>>(new bool[claims.Count]);
    }

    /// <summary>
    /// Ends an attempt without success: the next delivery may claim the message again. Callers use
    /// <see cref="InboxRepositoryExtensions.MarkFailedAsync"/> and <see cref="InboxRepositoryExtensions.ReleaseAsync"/>.
    /// </summary>
    /// <param name="claim">The claim.</param>
    /// <param name="deliveries">How many attempts count from now on.</param>
    /// <param name="errorCode">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="errorMessage">Why, in words, without payload.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a handler's attempt failed because the store is away, or takes no writes for now: that says nothing about the handler,
    /// and the attempt does not count.
    /// </summary>
    /// <param name="exception">What the attempt failed with.</param>
    bool IsOutage(Exception exception) => false;

    /// <summary>Reads one record, consistently.</summary>
    /// <param name="key">The record's key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record, or null.</returns>
    Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a bounded number of records that were processed, or failed, long enough ago. It never deletes one in another status: a record
    /// that was claimed again after it failed stays.
    /// </summary>
    /// <param name="processedRetention">How long processed records are kept, measured from when they were processed.</param>
    /// <param name="failedRetention">How long failed records are kept, measured from when their last attempt ended.</param>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most records to look at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>Ends a bounded number of claims whose lease ended at least this long ago: they count as failed.</summary>
    /// <param name="age">How long after the end of its lease a claim is ended.</param>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most records to look at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>Counts all records by status as it is stored. May read the whole table.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken);
}
