using Relaybox.Timing;

namespace Relaybox.Inbox;

/// <summary>
/// The messages of one call on their way to an answer. Each keeps its token through all tries, so that a claim whose
/// answer was lost is known as our own.
/// </summary>
internal sealed class InboxClaimBatch
{
    private readonly IReadOnlyList<InboxMessage> _messages;
    private readonly string[] _tokens;
    private readonly InboxClaim?[] _claims;
    private readonly Dictionary<InboxKey, int> _open = [];

    internal InboxClaimBatch(string consumer, IReadOnlyList<InboxMessage> messages, IEntropy entropy)
    {
        Consumer = consumer;
        _messages = messages;
        _claims = new InboxClaim?[messages.Count];
        _tokens = new string[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            _tokens[i] = entropy.NewGuid().ToString("N");
            _open.Add(messages[i].KeyFor(consumer), i);
        }
    }

    internal string Consumer { get; }

    internal bool IsDone => _open.Count == 0;

    internal InboxClaim[] Claims => _claims!;

    /// <summary>The messages that have no answer, each with its token.</summary>
    internal List<(InboxKey Key, InboxMessage Message, string Token)> Open() =>
        [.. _open.Select(open => (open.Key, _messages[open.Value], _tokens[open.Value]))];

    internal void Claimed(InboxKey key, int deliveries, int unfinished)
    {
        if (_open.Remove(key, out var i))
        {
            _claims[i] = new InboxClaim.Claimed(key, _tokens[i], deliveries) { Unfinished = unfinished };
        }
    }

    /// <summary>Takes over what a record says. A message whose record can be claimed now goes into the next round, if there is one.</summary>
    /// <param name="key">The record's key.</param>
    /// <param name="record">The record; null where it was deleted since, or is not yet visible.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="maxAttempts">After how many attempts a message is exhausted.</param>
    /// <param name="isLast">Whether there is no further round.</param>
    internal void Refused(InboxKey key, RefusedRecord? record, DateTimeOffset now, int maxAttempts, bool isLast)
    {
        var i = _open[key];
        if ((record?.Decide(Consumer, _messages[i], _tokens[i], maxAttempts, now)
            ?? (isLast ? new InboxClaim.InProgress(now) : null)) is { } claim)
        {
            _claims[i] = claim;
            _open.Remove(key);
        }
    }
}
