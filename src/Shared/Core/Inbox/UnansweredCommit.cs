using System.Runtime.ExceptionServices;

namespace Relaybox.Inbox;

/// <summary>Finds out what became of a commit without an answer. The record says it: its mark is in the same transaction.</summary>
internal static class UnansweredCommit
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);

    /// <param name="failure">What the commit threw. It is thrown again where nothing was committed, and where it stays unknown.</param>
    /// <param name="readOwn">Reads the record's status under the claim's token; null where the record is not the claim's any more.</param>
    /// <param name="isOfStore">Whether an exception is the store's.</param>
    /// <param name="time">The clock of the patience.</param>
    /// <param name="cancellationToken">Ends the wait. If it has ended already, the record is still read, for two seconds at most.</param>
    internal static async Task<CommitOutcome> ReadAsync(
        Exception failure,
        Func<CancellationToken, Task<InboxStatus?>> readOwn,
        Func<Exception, bool> isOfStore,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var rethrow = ExceptionDispatchInfo.Capture(failure);
        using var patience = new CancellationTokenSource(LongestLook, time);
        InboxStatus? status;
        try
        {
            status = await readOwn(cancellationToken.IsCancellationRequested ? patience.Token : cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException || isOfStore(e))
        {
            // Still unknown. The failed mark, or the next delivery, decides.
            rethrow.Throw();
            throw;
        }

        switch (status)
        {
            case InboxStatus.Processed:
                return CommitOutcome.Committed;
            case null:
                return CommitOutcome.ClaimLost;
            default:
                rethrow.Throw();
                throw failure;
        }
    }
}
