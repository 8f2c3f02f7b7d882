using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Creates, or checks, the stream of events and, with a consumer, the stream of dead letters and the consumer that pulls.</summary>
internal sealed class NatsSetup(NatsStreams streams, NatsConsumers consumers, NatsSettings settings) : ISetupStep
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var stream = await streams.EnsureAsync(settings.Stream, cancellationToken);
        return settings.SetupConsumer
            ? Count(
                stream,
                await streams.EnsureAsync(settings.DeadLetters, cancellationToken),
                await consumers.EnsureAsync(settings.Pull, cancellationToken))
            : Count(stream);

        static int Count(params ReadOnlySpan<bool> made) => made.Count(true);
    }
}
