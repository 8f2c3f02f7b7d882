namespace Relaybox.Inbox;

/// <summary>The answer of the store when a message is to be handled.</summary>
public abstract record InboxClaim
{
    /// <summary>After how many attempts that began and never ended a message is exhausted: whatever it does, it ends its process.</summary>
    public const int MaxUnfinished = 3;

    private InboxClaim()
    {
    }

    /// <summary>The message is the caller's to handle, until the lease ends.</summary>
    /// <param name="Consumer">The consumer.</param>
    /// <param name="EventId">The event.</param>
    /// <param name="Token">The fencing token under which the outcome is recorded.</param>
    /// <param name="Deliveries">Which attempt this is, from 1; higher with every further claim.</param>
    public sealed record Claimed(string Consumer, string EventId, string Token, int Deliveries) : InboxClaim
    {
        /// <summary>
        /// How many earlier attempts began and never said how they ended: their processes died, or were stopped. Zero for all
        /// but a few; whoever gets another starts it (<see cref="IInboxRepository.StartAsync"/>) and runs it on its own, since it
        /// may be the reason.
        /// </summary>
        public int Unfinished { get; init; }
    }

    /// <summary>The message was handled before: drop it.</summary>
    public sealed record AlreadyProcessed : InboxClaim;

    /// <summary>Another worker is handling it.</summary>
    /// <param name="Until">When its lease ends.</param>
    public sealed record InProgress(DateTimeOffset Until) : InboxClaim;

    /// <summary>All attempts are used up.</summary>
    /// <param name="Deliveries">How many there were.</param>
    public sealed record Exhausted(int Deliveries) : InboxClaim
    {
        /// <summary>How many of them never said how they ended.</summary>
        public int Unfinished { get; init; }
    }

    /// <summary>The store could not say; nothing is known, and the message comes again.</summary>
    public sealed record Unavailable : InboxClaim;

    /// <summary>The id was seen before with another subject or payload.</summary>
    public sealed record Conflict : InboxClaim;
}
