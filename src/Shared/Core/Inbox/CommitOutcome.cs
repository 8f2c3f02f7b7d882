namespace Relaybox.Inbox;

/// <summary>What became of a handler's transaction.</summary>
internal enum CommitOutcome
{
    /// <summary>Everything is written: the mark, the enlisted writes and the emitted events.</summary>
    Committed,

    /// <summary>Another worker had taken the claim: nothing is written.</summary>
    ClaimLost,

    /// <summary>A condition of an enlisted write did not hold: nothing is written.</summary>
    EnlistedConditionFailed,

    /// <summary>A statement of the handler's failed, and the handler went on as if it had not: nothing is written.</summary>
    StatementFailed,

    /// <summary>The handler has ended the transaction itself: what it wrote before may be committed, and the mark is not.</summary>
    TransactionEnded,
}
