namespace Relaybox.Outbox;

/// <summary>
/// The order in which claimed rows may be published: at first every row without a key and the first row of each key, and
/// after each row that the broker has accepted the next one of its key.
/// </summary>
internal sealed class PublishWaves
{
    private readonly Dictionary<string, Queue<OutboxClaim>> _waiting = new(StringComparer.Ordinal);
    private List<OutboxClaim> _ready = [];

    internal PublishWaves(IReadOnlyList<OutboxClaim> claims, bool keepsOrder)
    {
        foreach (var claim in claims)
        {
            if (!keepsOrder || claim.OrderingKey is not { } key || _waiting.TryAdd(key, new Queue<OutboxClaim>()))
            {
                _ready.Add(claim);
            }
            else
            {
                _waiting[key].Enqueue(claim);
            }
        }
    }

    /// <summary>The rows that no wave has taken.</summary>
    internal IEnumerable<OutboxClaim> Left => _ready.Concat(_waiting.Values.SelectMany(line => line));

    /// <summary>The rows that may be published now; none where nothing is left, or all that is left waits for a row in vain.</summary>
    internal List<OutboxClaim> Take()
    {
        var wave = _ready;
        _ready = [];
        return wave;
    }

    /// <summary>The broker has accepted this row: the next one of its key may follow.</summary>
    internal void Accept(OutboxClaim claim)
    {
        if (claim.OrderingKey is { } key && _waiting.TryGetValue(key, out var line) && line.TryDequeue(out var next))
        {
            _ready.Add(next);
        }
    }
}
