using System.Globalization;
using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>The model of a standard queue with a redrive to its dead-letter queue.</summary>
/// <param name="visibility">How long a received message is hidden.</param>
/// <param name="maxReceives">After how many receives a message goes to the dead-letter queue.</param>
internal sealed class ModelQueue(TimeSpan visibility, int maxReceives)
{
    private readonly List<QueuedMessage> _messages = [];
    private int _ids;

    internal IReadOnlyList<QueuedMessage> Messages => _messages;

    /// <summary>What nobody could handle: redriven by the queue, or copied by the consumer.</summary>
    internal List<QueuedMessage> Dead { get; } = [];

    internal TimeSpan Visibility { get; } = visibility;

    internal string Send(string body, Dictionary<string, MessageAttributeValue> attributes, DateTimeOffset now)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"m-{++_ids}");
        _messages.Add(new QueuedMessage(id, body, attributes) { SentAt = now, VisibleAt = now });
        return id;
    }

    internal void SendToDead(string body, Dictionary<string, MessageAttributeValue> attributes, DateTimeOffset now) =>
        Dead.Add(new QueuedMessage(string.Create(CultureInfo.InvariantCulture, $"d-{++_ids}"), body, attributes) { SentAt = now });

    /// <summary>Hides and returns up to so many visible messages, in any order.</summary>
    internal List<QueuedMessage> Receive(int count, DateTimeOffset now, Func<int, int> pick)
    {
        List<QueuedMessage> visible = [.. _messages.Where(message => message.VisibleAt <= now)];
        List<QueuedMessage> received = [];
        while (received.Count < count && visible.Count > 0)
        {
            var i = pick(visible.Count);
            var message = visible[i];
            visible.RemoveAt(i);
            if (message.Receives >= maxReceives)
            {
                _messages.Remove(message);
                Dead.Add(message);
                continue;
            }

            message.Receives++;
            message.VisibleAt = now + Visibility;
            received.Add(message);
        }

        return received;
    }

    internal bool Delete(QueuedMessage message) => _messages.Remove(message);

    internal void ChangeVisibility(string receiptHandle, TimeSpan timeout, DateTimeOffset now)
    {
        if (_messages.Find(message => message.ReceiptHandle == receiptHandle) is { } found)
        {
            found.VisibleAt = now + timeout;
        }
    }
}
