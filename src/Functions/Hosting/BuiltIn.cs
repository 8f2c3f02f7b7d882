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

    /// <summary>Reads the settings of a process that looks at the broker where its settings can be read, and works without them.</summary>
    /// <param name="get">Where the settings come from.</param>
    /// <param name="needs">What the process cannot do without.</param>
    /// <returns>The settings, and what is wrong with those that could not be read.</returns>
    /// <exception cref="SettingsException">Something is wrong with what it cannot do without.</exception>
    internal static (RelayboxSettings Settings, IReadOnlyList<string> Errors) ReadForDiagnosis(Func<string, string?> get, FunctionNeeds needs)
    {
        try
        {
            return (Read(get, needs | FunctionNeeds.Diagnosis), []);
        }
        catch (SettingsException e)
        {
            return (Read(get, needs & ~FunctionNeeds.Diagnosis), e.Errors);
        }
    }

    private static partial IStore[] CreateStores();
}
