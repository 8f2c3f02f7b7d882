using Npgsql;
using NpgsqlTypes;
using Relaybox.Inbox;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// The messages of one call on their way to an answer. Each keeps its token through all tries, so that a claim whose
/// answer was lost is known as our own.
/// </summary>
internal sealed class InboxClaimBatch
{
    private readonly IReadOnlyList<InboxMessage> _messages;
    private readonly string[] _tokens;
    private readonly InboxClaim?[] _claims;
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    internal InboxClaimBatch(string consumer, IReadOnlyList<InboxMessage> messages, IEntropy entropy)
    {
        Consumer = consumer;
        _messages = messages;
        _claims = new InboxClaim?[messages.Count];
        _tokens = new string[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            _tokens[i] = entropy.NewGuid().ToString("N");
            _open.Add(messages[i].Event.EventId, i);
        }
    }

    internal string Consumer { get; }

    internal bool IsDone => _open.Count == 0;

    internal InboxClaim[] Claims => _claims!;

    internal string[] OpenIds => [.. _open.Keys];

    /// <summary>Adds the messages that have no answer, as columns.</summary>
    internal void AddOpen(NpgsqlParameterCollection parameters)
    {
        var indexes = _open.Values.ToArray();
        Add(NpgsqlDbType.Text, i => _messages[i].Event.EventId);
        Add(NpgsqlDbType.Text, i => _messages[i].Event.Subject);
        Add(NpgsqlDbType.Bytea, i => _messages[i].PayloadHash.ToArray());
        Add(NpgsqlDbType.Text, i => _tokens[i]);
        Add(NpgsqlDbType.Text, i => _messages[i].Stream);
        Add(NpgsqlDbType.Bigint, i => _messages[i].StreamSequence);

        void Add<T>(NpgsqlDbType type, Func<int, T> column) => parameters.Add(
            new() { Value = Array.ConvertAll(indexes, i => column(i)), NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    internal void Claimed(string eventId, int deliveries, int unfinished)
    {
        if (_open.Remove(eventId, out var i))
        {
            _claims[i] = new InboxClaim.Claimed(Consumer, eventId, _tokens[i], deliveries) { Unfinished = unfinished };
        }
    }

    /// <summary>Takes over what a record says. A message whose record can be claimed now goes into the next round, if there is one.</summary>
    internal void Refused(string eventId, RefusedRecord record, int maxAttempts, bool isLast)
    {
        var i = _open[eventId];
        if ((record.Decide(Consumer, _messages[i], _tokens[i], maxAttempts)
            ?? (isLast ? new InboxClaim.InProgress(record.Now) : null)) is { } claim)
        {
            _claims[i] = claim;
            _open.Remove(eventId);
        }
    }
}
