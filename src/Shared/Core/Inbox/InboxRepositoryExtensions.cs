using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>What every inbox can do by means of <see cref="IInboxRepository"/>.</summary>
internal static class InboxRepositoryExtensions
{
    /// <summary>Marks an attempt as failed: the next delivery may claim the message again.</summary>
    /// <param name="repository">The inbox.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="errorCode">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="errorMessage">Why, in words, without payload.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    public static Task<bool> MarkFailedAsync(
        this IInboxRepository repository, InboxClaim.Claimed claim, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(claim);
        return repository.EndAttemptAsync(claim, claim.Deliveries, errorCode, errorMessage, cancellationToken);
    }

    /// <summary>Gives back a claim: the attempt does not count.</summary>
    /// <param name="repository">The inbox.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="errorCode">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="errorMessage">Why, in words, without payload.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    public static Task<bool> ReleaseAsync(
        this IInboxRepository repository, InboxClaim.Claimed claim, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(claim);
        return repository.EndAttemptAsync(claim, claim.Deliveries - 1, errorCode, errorMessage, cancellationToken);
    }

    /// <summary>Reads the record of an event's own publication, consistently.</summary>
    /// <param name="repository">The inbox.</param>
    /// <param name="consumer">The consumer.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record; null where the consumer has none.</returns>
    public static Task<InboxRecord?> FindAsync(
        this IInboxRepository repository, string consumer, string eventId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return repository.FindAsync(new InboxKey(consumer, eventId), cancellationToken);
    }

    /// <summary>Whether a consumer has processed an event's own publication.</summary>
    /// <param name="repository">The inbox.</param>
    /// <param name="consumer">The consumer.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<bool> IsProcessedAsync(
        this IInboxRepository repository, string consumer, string eventId, CancellationToken cancellationToken) =>
        await repository.FindAsync(consumer, eventId, cancellationToken) is { Status: InboxStatus.Processed };
}
