using Relaybox.Settings;

namespace Relaybox.Sqs;

/// <summary>Amazon SQS as a broker.</summary>
internal sealed class SqsBroker : IBroker
{
    /// <inheritdoc />
    public string Name => "sqs";

    /// <inheritdoc />
    public BrokerSettings? Read(SettingsReader reader, RelayboxSettings settings) => SqsSettings.Read(reader, settings.Needs);
}
