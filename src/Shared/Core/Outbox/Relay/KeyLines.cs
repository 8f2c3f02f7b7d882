
namespace Relaybox.Outbox.Relay;

/// <summary>
/// The order in which claimed rows may be published: at first every row without a key and the first row of each key, and
/// after each row that the broker has accepted the next one of its key.
/// </summary>
internal sealed class KeyLines
{
    private readonly Dictionary<string, Queue<OutboxClaim>> _waiting = new(StringComparer.Ordinal);
    private List<OutboxClaim> _ready = [];

    internal KeyLines(IReadOnlyList<OutboxClaim> claims, bool keepsOrder)
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
                HasFollowers = true;
            }
        }
    }

    /// <summary>Whether a row had to wait for another at first.</summary>
    internal bool HasFollowers { get; }

    /// <summary>The rows that were not taken.</summary>
    internal IEnumerable<OutboxClaim> Left => _ready.Concat(_waiting.Values.SelectMany(line => line));

    /// <summary>The rows that may be published now; none where all that is left waits for another row, or nothing is left.</summary>
    internal List<OutboxClaim> Take()
    {
        var ready = _ready;
        _ready = [];
        return ready;
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
