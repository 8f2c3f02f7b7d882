namespace Relaybox.DynamoDb;

/// <summary>
/// Rows that the due index still names and that are known to be nobody's to claim for a while. It only saves looking at them
/// again: what it does not know, the row itself decides.
/// </summary>
internal sealed class HeldRows(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Hold> _held = new(StringComparer.Ordinal);
    private int _purgeAt = 1024;

    /// <summary>Leaves a row out for some time.</summary>
    internal void Leave(string eventId, TimeSpan duration)
    {
        lock (_lock)
        {
            _held[eventId] = new Hold(time.GetTimestamp(), duration, time.GetUtcNow() + duration);
            if (_held.Count >= _purgeAt)
            {
                foreach (var (id, held) in _held)
                {
                    if (IsOver(held))
                    {
                        _held.Remove(id);
                    }
                }

                _purgeAt = Math.Max(1024, _held.Count * 2);
            }
        }
    }

    /// <summary>Leaves a row out no longer.</summary>
    internal void Release(string eventId)
    {
        lock (_lock)
        {
            _held.Remove(eventId);
        }
    }

    internal bool IsHeld(string eventId)
    {
        lock (_lock)
        {
            return _held.TryGetValue(eventId, out var held) && !IsOver(held);
        }
    }

    // The time of day may jump, and elapsed time stands still while a function is frozen: whichever comes first.
    private bool IsOver(Hold held) => time.GetElapsedTime(held.Since) >= held.For || time.GetUtcNow() >= held.Until;

    private readonly record struct Hold(long Since, TimeSpan For, DateTimeOffset Until);
}
