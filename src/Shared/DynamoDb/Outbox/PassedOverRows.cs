namespace Relaybox.DynamoDb;

/// <summary>
/// Rows that the due index still names and that no worker can claim for a while. Passing them over saves a look at each; where this
/// knows nothing of a row, the row itself decides.
/// </summary>
internal sealed class PassedOverRows(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private int _purgeAt = 1024;

    /// <summary>Passes a row over for some time.</summary>
    internal void Add(string eventId, TimeSpan duration)
    {
        lock (_lock)
        {
            _entries[eventId] = new Entry(time.GetTimestamp(), duration, time.GetUtcNow() + duration);
            if (_entries.Count >= _purgeAt)
            {
                foreach (var (id, entry) in _entries)
                {
                    if (IsOver(entry))
                    {
                        _entries.Remove(id);
                    }
                }

                _purgeAt = Math.Max(1024, _entries.Count * 2);
            }
        }
    }

    /// <summary>Passes a row over no longer.</summary>
    internal void Remove(string eventId)
    {
        lock (_lock)
        {
            _entries.Remove(eventId);
        }
    }

    /// <summary>Whether a row is passed over now.</summary>
    internal bool Contains(string eventId)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(eventId, out var entry) && !IsOver(entry);
        }
    }

    // The time of day may jump, and elapsed time stands still while a function is frozen: whichever comes first.
    private bool IsOver(Entry entry) => time.GetElapsedTime(entry.Since) >= entry.For || time.GetUtcNow() >= entry.Until;

    private readonly record struct Entry(long Since, TimeSpan For, DateTimeOffset Until);
}
