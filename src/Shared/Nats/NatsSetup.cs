using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Creates, or checks, the streams of events and dead letters, and the consumer that pulls.</summary>
internal sealed class NatsSetup(NatsStreams streams, NatsConsumers consumers, NatsSettings settings) : ISetupStep
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        bool[] made =
        [
            await streams.EnsureAsync(settings.Stream, cancellationToken),
            await streams.EnsureAsync(settings.DeadLetters, cancellationToken),
            await consumers.EnsureAsync(settings.Pull, cancellationToken),
        ];
        return made.Count(isMade => isMade);
    }
}
