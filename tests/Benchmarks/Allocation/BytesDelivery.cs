using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Benchmarks.Allocation;

/// <summary>A message as the client of NATS delivers it, without NATS.</summary>
internal sealed class BytesDelivery(ReadOnlyMemory<byte> body, MessageAttributes attributes) : IDelivery
{
    public string MessageId => attributes.EventId!;

    public InboxMessage Read() => new(MessageFormats.Read(body, attributes)) { MessageId = MessageId };

    public Task CopyToDeadLettersAsync(MessageOutcome.DeadLetter dead, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"A message is dead: {dead.Reason}");
}
