namespace Relaybox.Inbox;

/// <summary>The consumer's side of a handler's transaction. Disposing it without a commit writes nothing.</summary>
public interface IInboxTransaction : IMessageTransaction, IAsyncDisposable
{
    /// <summary>Writes the mark, everything enlisted and all emitted events at once, if the claim still holds.</summary>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown and shows on the next delivery.</param>
    Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken);
}
