namespace Relaybox.Inbox;

/// <summary>The consumer's side of a handler's transaction. Disposing it without a commit writes nothing.</summary>
internal interface IInboxTransaction : IMessageTransaction, IAsyncDisposable
{
    /// <summary>Writes the mark, everything enlisted and all emitted events at once, if the claim still holds.</summary>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown and shows on the next delivery.</param>
    Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken);

    /// <summary>The store's name of the error that kept everything from being written, such as its SQLSTATE; null without an error.</summary>
    string? ErrorName => null;

    /// <summary>
    /// Closes the transaction where nothing is enlisted and nothing emitted, and writes nothing: the mark is then left to the
    /// caller, who may write it together with others. What is enlisted later fails.
    /// </summary>
    /// <returns>Whether it was closed so; otherwise nothing changed, and it has to be committed.</returns>
    bool TryCloseEmpty() => false;

    /// <summary>Tells, before disposing, that the handler did not end: what it holds of the transaction stays with it.</summary>
    /// <param name="handler">The handler, still running.</param>
    void LeaveBehind(Task handler)
    {
    }
}
