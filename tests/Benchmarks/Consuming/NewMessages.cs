using Relaybox.Benchmarks.Stores;
using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>Messages of 1 KiB that no inbox has seen.</summary>
internal static class NewMessages
{
    public static IEnumerable<InboxMessage> Make(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var message = new InboxMessage(
                new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = "orders.placed", Payload = BenchPayload.Text })
            {
                MessageId = "m",
            };
            _ = message.PayloadHash;
            yield return message;
        }
    }
}
