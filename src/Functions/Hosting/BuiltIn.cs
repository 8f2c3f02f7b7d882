using Relaybox.Nats;
using Relaybox.Settings;
using Relaybox.Sqs;

namespace Relaybox.Functions.Hosting;

/// <summary>The stores and brokers that this build contains. The list of stores is generated: see <c>Stores.targets</c>.</summary>
internal static partial class BuiltIn
{
    internal static IReadOnlyList<IStore> Stores { get; } = CreateStores();

    internal static IReadOnlyList<IBroker> Brokers { get; } = [new SqsBroker(), new NatsBroker()];

    /// <summary>Reads the settings of a function.</summary>
    /// <exception cref="SettingsException">Something is wrong; the exception lists all of it.</exception>
    internal static RelayboxSettings Read(Func<string, string?> get, FunctionNeeds needs) => RelayboxSettings.Read(get, needs, Stores, Brokers);

    private static partial IStore[] CreateStores();
}
