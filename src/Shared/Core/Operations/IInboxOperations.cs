using Relaybox.Inbox;

namespace Relaybox.Operations;

/// <summary>What operators need of an inbox beyond what the consumer needs.</summary>
internal interface IInboxOperations
{
    /// <summary>
    /// Gives a message its attempts back: its next delivery is its first attempt. That holds only for a record whose last attempt failed; one
    /// that is processed, or in hand, is not changed. A call that is repeated changes nothing more.
    /// </summary>
    /// <param name="key">The record's key.</param>
    /// <param name="cancellationToken">Ends the wait; the call may be repeated.</param>
    Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken);
}
