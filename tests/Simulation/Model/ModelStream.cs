using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>The model of a stream with one durable consumer: it remembers ids for a while, and gives unacknowledged messages again.</summary>
internal sealed class ModelStream(TimeSpan duplicateWindow, TimeSpan ackWait)
{
    private readonly List<StreamMessage> _messages = [];
    private readonly Dictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);

    internal IEnumerable<StreamMessage> Waiting => _messages.Where(message => !message.IsDone);

    /// <summary>Stores a message, unless its id came within the window.</summary>
    internal void Publish(OutboxEvent e, DateTimeOffset now)
    {
        if (!_seen.TryGetValue(e.PublicationId, out var at) || now - at >= duplicateWindow)
        {
            _seen[e.PublicationId] = now;
            _messages.Add(new StreamMessage(_messages.Count + 1, e) { VisibleAt = now });
        }
    }

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
