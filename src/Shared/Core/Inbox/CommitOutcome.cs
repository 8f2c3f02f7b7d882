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
}
