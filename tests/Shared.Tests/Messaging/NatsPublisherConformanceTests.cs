using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.JetStream;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The NATS publisher does what every publisher does, in every format.</summary>
public abstract class NatsPublisherConformanceTests(NatsServer server, string format) : PublisherConformance
{
    private protected override async Task<PublisherHarness> CreateHarnessAsync()
    {
        var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        return new NatsHarness(world, MessageFormats.Get(format));
    }

    private sealed class NatsHarness(NatsWorld world, IMessageFormat format) : PublisherHarness
    {
        private readonly List<NatsConnector> _others = [];

        public override IMessagePublisher Publisher { get; } = world.CreatePublisher(format);

        public override IMessagePublisher CreateUnreachable()
        {
            var connector = NatsWorld.Connect("nats://127.0.0.1:1");
            _others.Add(connector);
            return new NatsMessagePublisher(
                connector, format, new NatsPublisherOptions(), TimeProvider.System, NullLogger<NatsMessagePublisher>.Instance);
        }

        public override string CreateTooLarge() => new('x', 1_048_576);

        public override async Task<IReadOnlyList<OutboxEvent>> ReceiveAsync(int count)
        {
            var received = new List<OutboxEvent>();
            foreach (var message in await world.TakeAsync(count + 1))
            {
                received.Add(PulledMessage.Read(message, message.Metadata!.Value).Event);
            }

            Assert.Equal(count, received.Count);
            return received;
        }

        public override async ValueTask DisposeAsync()
        {
            foreach (var other in _others)
            {
                await other.DisposeAsync();
            }

            await world.DisposeAsync();
        }
    }
}

public class NatsEnvelopePublisherTests(NatsServer server) : NatsPublisherConformanceTests(server, EnvelopeFormat.FormatName);

public class NatsCloudEventsPublisherTests(NatsServer server) : NatsPublisherConformanceTests(server, CloudEventsFormat.FormatName);

public class NatsRawPublisherTests(NatsServer server) : NatsPublisherConformanceTests(server, RawFormat.FormatName);
