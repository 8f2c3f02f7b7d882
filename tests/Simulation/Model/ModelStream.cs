using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>
/// The model of a stream with one durable consumer: it remembers ids for a while, and gives unacknowledged messages again. Beside it is the
/// stream of its dead letters.
/// </summary>
internal sealed class ModelStream(TimeSpan duplicateWindow, TimeSpan ackWait)
{
    private readonly List<StreamMessage> _messages = [];
    private readonly List<DeadMessage> _dead = [];
    private readonly Dictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);
    private long _lastDead;

    internal IReadOnlyList<DeadMessage> Dead => _dead;

    internal IEnumerable<StreamMessage> Waiting => _messages.Where(message => !message.IsDone);

    /// <summary>Stores a message, unless its id came within the window.</summary>
    /// <returns>Whether it is stored.</returns>
    internal bool Publish(string id, OutboxEvent e, DateTimeOffset now)
    {
        if (_seen.TryGetValue(id, out var at) && now - at < duplicateWindow)
        {
            return false;
        }

        _seen[id] = now;
        _messages.Add(new StreamMessage(_messages.Count + 1, e) { VisibleAt = now });
        return true;
    }

    /// <summary>Stores a dead letter.</summary>
    internal void Bury(OutboxEvent e, string errorCode, DateTimeOffset now) => _dead.Add(new DeadMessage(++_lastDead, e, errorCode, now));

    /// <summary>Deletes a dead letter.</summary>
    internal void DeleteDead(DeadMessage message) => _dead.Remove(message);

    /// <summary>Hides and returns up to so many messages that nobody has.</summary>
    internal List<StreamMessage> Pull(int count, DateTimeOffset now)
    {
        List<StreamMessage> pulled = [.. Waiting.Where(message => message.VisibleAt <= now).Take(count)];
        foreach (var message in pulled)
        {
            message.Deliveries++;
            message.VisibleAt = now + ackWait;
        }

        return pulled;
    }
}
