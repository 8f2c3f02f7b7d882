namespace Relaybox.Outbox.Relay;

/// <summary>How a relay holds the rows that it publishes.</summary>
internal enum RelayMode
{
    /// <summary>
    /// By a lease: a claim commits, the rows are published, and what became of them is recorded. Nothing is held in the store
    /// while the broker is slow; what a relay that died had claimed comes back when the lease ends.
    /// </summary>
    Lease,

    /// <summary>
    /// By the locks of one open transaction, in which the rows are already sent: about twice as fast, and what a relay that
    /// died had locked is there again at once. The transaction stays open for as long as the broker takes: rows stay locked,
    /// and the database cannot clean up behind it. Only for a store that is an <see cref="ILockingOutbox"/>.
    /// </summary>
    Locked,
}
