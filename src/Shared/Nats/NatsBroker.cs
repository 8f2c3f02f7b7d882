using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>NATS JetStream as a broker.</summary>
internal sealed class NatsBroker : IBroker
{
    private const FunctionNeeds Using =
        FunctionNeeds.Publisher | FunctionNeeds.Setup | FunctionNeeds.Stream | FunctionNeeds.DeadLetters | FunctionNeeds.Diagnosis;

    /// <inheritdoc />
    public string Name => "nats";

    /// <inheritdoc />
    public BrokerSettings? Read(SettingsReader reader, RelayboxSettings settings) =>
        (settings.Needs & Using) == FunctionNeeds.None ? null : NatsSettings.Read(reader, settings);
}
