namespace Relaybox.Inbox;

/// <summary>The answer of the store when a message is to be handled.</summary>
internal abstract record InboxClaim
{
    /// <summary>After how many attempts that began and never ended a message is exhausted: whatever it does, it ends its process.</summary>
    public const int MaxUnfinished = 3;

    private InboxClaim()
    {
    }

    /// <summary>The message is the caller's to handle, until the lease ends.</summary>
    /// <param name="Key">The record's key.</param>
    /// <param name="Token">The fencing token under which the outcome is recorded.</param>
    /// <param name="Deliveries">Which attempt this is, from 1; higher with every further claim.</param>
    public sealed record Claimed(InboxKey Key, string Token, int Deliveries) : InboxClaim
    {
        /// <summary>The consumer.</summary>
        public string Consumer => Key.Consumer;

        /// <summary>The event.</summary>
        public string EventId => Key.EventId;

        /// <summary>
        /// How many earlier attempts began and never said how they ended: their processes died, or were stopped. Zero for nearly
        /// every message. A message with unfinished attempts is started (<see cref="IInboxRepository.StartAsync"/>) and runs alone,
        /// because it may be the reason.
        /// </summary>
        public int Unfinished { get; init; }

        /// <summary>Which of several places of its own a store has the record in; null where the store tells it by the key.</summary>
        public int? Place { get; init; }

        /// <summary>A claim as its record shows it.</summary>
        /// <param name="key">The record's key.</param>
        /// <param name="token">The claim's token, which is the record's.</param>
        /// <param name="deliveries">How many attempts the record counts.</param>
        /// <param name="unfinished">How many of these have not said how they ended.</param>
        /// <param name="begunToken">The token of the last claim whose attempt was counted.</param>
        internal static Claimed Of(InboxKey key, string token, int deliveries, int unfinished, string? begunToken)
        {
            // An attempt that was counted with its claim is one of the unfinished. Another one is counted when it starts.
            var begun = begunToken == token ? 1 : 0;
            return new Claimed(key, token, deliveries + 1 - begun) { Unfinished = unfinished - begun };
        }
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
