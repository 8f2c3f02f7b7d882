using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Stores;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;

namespace Relaybox.Benchmarks.Nats;

/// <summary>Publishes through the product's publisher, in batches.</summary>
internal sealed class PublisherLoop(BenchStream stream) : IAsyncDisposable
{
    private readonly NatsConnector _connector = new(
        new NatsConnectionOptions { Url = stream.Url }, TimeProvider.System, NullLogger<NatsConnector>.Instance);

    private readonly List<OutboxEvent> _events = [];

    public IMessagePublisher Publisher => field ??= new NatsMessagePublisher(
        _connector, new EnvelopeFormat(), new NatsPublisherOptions(), TimeProvider.System, NullLogger<NatsMessagePublisher>.Instance);

    /// <summary>Makes the events: they are the store's.</summary>
    public void Prepare(long messages) => Prepare(messages, BenchPayload.Text);

    /// <summary>Makes events with a payload of their own.</summary>
    public void Prepare(long messages, string payload)
    {
        _events.Clear();
        for (var i = 0; i < messages; i++)
        {
            _events.Add(new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = BenchStream.Subject, Payload = payload });
        }
    }

    public async Task PublishAsync(int batchSize, CancellationToken cancellationToken)
    {
        for (var start = 0; start < _events.Count; start += batchSize)
        {
            var outcomes = await Publisher.PublishAsync(_events.GetRange(start, Math.Min(batchSize, _events.Count - start)), cancellationToken);
            if (outcomes.FirstOrDefault(outcome => outcome.Status != PublishStatus.Accepted) is { Detail: not null } failure)
            {
                throw new InvalidOperationException($"publisher: {failure.Detail}");
            }
        }
    }

    public ValueTask DisposeAsync() => _connector.DisposeAsync();
}
