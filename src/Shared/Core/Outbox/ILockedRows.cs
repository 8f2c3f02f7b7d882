namespace Relaybox.Outbox;

/// <summary>Rows that are locked, and sent as soon as it is committed. Disposing lets them go as they were, unless it was committed.</summary>
internal interface ILockedRows : IAsyncDisposable
{
    /// <summary>
    /// The rows, as claims without a token: once they are let go, a mark for one of them holds as long as nobody else has
    /// taken it.
    /// </summary>
    IReadOnlyList<OutboxClaim> Claims { get; }

    /// <summary>Makes all of them sent.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether they certainly are. If not they may be: nothing was heard of the end of the transaction.</returns>
    Task<bool> CommitAsync(CancellationToken cancellationToken);
}
