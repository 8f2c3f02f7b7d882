namespace Relaybox.Inbox;

/// <summary>
/// A record that a conditional claim did not get, as the store shows it afterwards. <see cref="Decide"/> says what that means for the
/// message, in the same way for every store.
/// </summary>
/// <param name="Status">What the consumer has done with the event.</param>
/// <param name="Deliveries">How many attempts have begun.</param>
/// <param name="Unfinished">How many attempts began and have not said how they ended.</param>
/// <param name="Token">The token of the last claim.</param>
/// <param name="BegunToken">The token of the last claim whose attempt was counted.</param>
/// <param name="PayloadHash">The hash of subject and payload; null where the record has none.</param>
/// <param name="LeaseUntil">When the last claim's lease ends.</param>
internal readonly record struct RefusedRecord(
    InboxStatus Status, int Deliveries, int Unfinished, string? Token,
    string? BegunToken, ReadOnlyMemory<byte>? PayloadHash, DateTimeOffset? LeaseUntil)
{
    /// <summary>Decides about a message.</summary>
    /// <param name="consumer">The consumer that tried to claim it.</param>
    /// <param name="message">The message.</param>
    /// <param name="token">The token of the try.</param>
    /// <param name="maxAttempts">After how many attempts it is exhausted.</param>
    /// <param name="now">The time, by the clock that leases are measured with.</param>
    /// <returns>The answer; null where the record can be claimed now, so that the store should try again.</returns>
    internal InboxClaim? Decide(string consumer, InboxMessage message, string token, int maxAttempts, DateTimeOffset now)
    {
        if (Token == token && Status == InboxStatus.Processing)
        {
            // The claim was applied and its answer lost.
            return InboxClaim.Claimed.Of(message.KeyFor(consumer), token, Deliveries, Unfinished, BegunToken);
        }

        if (PayloadHash is { } hash && !hash.Span.SequenceEqual(message.PayloadHash.Span))
        {
            return new InboxClaim.Conflict();
        }

        return Status switch
        {
            InboxStatus.Processed => new InboxClaim.AlreadyProcessed(),
            InboxStatus.Processing when LeaseUntil > now => new InboxClaim.InProgress(LeaseUntil.Value),
            InboxStatus.Processing or InboxStatus.Failed => Deliveries >= maxAttempts || Unfinished >= InboxClaim.MaxUnfinished
                ? new InboxClaim.Exhausted(Deliveries) { Unfinished = Unfinished }
                : null,

            // A status of another version. The record stays as it is, and the message comes again.
            _ => new InboxClaim.InProgress(now),
        };
    }
}
