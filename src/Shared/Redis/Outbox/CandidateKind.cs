namespace Relaybox.Redis;

/// <summary>How a row was found.</summary>
internal enum CandidateKind
{
    /// <summary>It is pending, and its time has come.</summary>
    Due,

    /// <summary>It is claimed, and the lease has ended.</summary>
    Ended,

    /// <summary>It can be claimed together with the row of its key before it.</summary>
    Next,

    /// <summary>It is claimed, the lease has ended, and an earlier row of its key holds it back.</summary>
    Stray,
}
