using System.Globalization;
using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>The model of a queue, standard or FIFO.</summary>
/// <param name="name">What its message ids begin with.</param>
/// <param name="visibility">How long a received message is hidden.</param>
/// <param name="isFifo">Whether it is a FIFO queue.</param>
internal sealed class ModelQueue(string name, TimeSpan visibility, bool isFifo = false)
{
    private static readonly TimeSpan DeduplicationWindow = TimeSpan.FromMinutes(5);

    private readonly List<QueuedMessage> _messages = [];
    private readonly Dictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);
    private int _ids;

    internal IReadOnlyList<QueuedMessage> Messages => _messages;

    internal TimeSpan Visibility { get; } = visibility;

    /// <summary>Where messages go that were received too often; null: nowhere.</summary>
    internal ModelQueue? Dead { get; init; }

    /// <summary>After how many receives a message goes there.</summary>
    internal int MaxReceives { get; init; } = int.MaxValue;

    /// <summary>Takes a message, unless a FIFO queue has taken one under its deduplication id within five minutes.</summary>
    /// <returns>Whether it is on the queue now.</returns>
    internal bool Send(
        string body, Dictionary<string, MessageAttributeValue> attributes, DateTimeOffset now, string? group = null, string? deduplication = null)
    {
        if (isFifo && deduplication is not null)
        {
            if (_seen.TryGetValue(deduplication, out var at) && now - at < DeduplicationWindow)
            {
                return false;
            }

            _seen[deduplication] = now;
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"{name}-{++_ids}");
        _messages.Add(new QueuedMessage(id, body, attributes) { SentAt = now, VisibleAt = now, GroupId = isFifo ? group ?? id : null });
        return true;
    }

    /// <summary>Hides and returns up to so many visible messages: of a FIFO queue in the order of each group, otherwise in any order.</summary>
    internal List<QueuedMessage> Receive(int count, DateTimeOffset now, Func<int, int> pick, TimeSpan? hidden = null)
    {
        List<QueuedMessage> visible = [.. _messages.Where(message => message.VisibleAt <= now && !IsBehindOneInHand(message, now))];
        List<QueuedMessage> received = [];
        while (received.Count < count && visible.Count > 0)
        {
            var message = visible[pick(visible.Count)];
            message = message.GroupId is { } group ? visible.Find(first => first.GroupId == group)! : message;
            visible.Remove(message);
            if (message.Receives >= MaxReceives)
            {
                _messages.Remove(message);
                Dead?._messages.Add(message);
                continue;
            }

            message.Receives++;
            message.VisibleAt = now + (hidden ?? Visibility);
            received.Add(message);
        }

        return received;
    }

    /// <summary>How many messages are in somebody's hand.</summary>
    internal int CountInHand(DateTimeOffset now) => _messages.Count(message => message.VisibleAt > now);

    internal bool Delete(QueuedMessage message) => _messages.Remove(message);

    /// <summary>The message of a receipt, in whosever hand it is by now; null: it is gone.</summary>
    internal QueuedMessage? Find(string receiptHandle) =>
        _messages.Find(message => receiptHandle.StartsWith($"{message.MessageId}/", StringComparison.Ordinal));

    /// <summary>Changes when a message is there for everybody again.</summary>
    /// <returns>Whether the receipt is that of its last delivery.</returns>
    internal bool ChangeVisibility(string receiptHandle, TimeSpan timeout, DateTimeOffset now)
    {
        if (_messages.Find(message => message.ReceiptHandle == receiptHandle) is not { } found)
        {
            return false;
        }

        found.VisibleAt = now + timeout;
        return true;
    }

    private bool IsBehindOneInHand(QueuedMessage message, DateTimeOffset now) =>
        message.GroupId is { } group && _messages.Exists(other => other.GroupId == group && other.VisibleAt > now);
}
