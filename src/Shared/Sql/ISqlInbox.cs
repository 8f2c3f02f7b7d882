using Relaybox.Inbox;

namespace Relaybox.Sql;

/// <summary>An inbox in an SQL database, as its handlers' transactions need it.</summary>
internal interface ISqlInbox : IInboxRepository
{
    /// <summary>What became of a claim's record, once nobody is writing it any more.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its status, or null where the claim is no longer the record's last.</returns>
    Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken);
}
