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

    /// <summary>
    /// Reads the settings of those who answer operators: with the dead letters, or without them where something of theirs is missing. The rows need
    /// neither the broker nor the inbox, and the doctor looks at what there is.
    /// </summary>
    /// <returns>
    /// The settings; what is missing for the dead letters, or null; and what is wrong with settings of the broker that could not be read.
    /// </returns>
    /// <exception cref="SettingsException">Something that the rows need is wrong; the exception lists all of it.</exception>
    internal static (RelayboxSettings Settings, string? Missing, IReadOnlyList<string> Errors) ReadForOperators(Func<string, string?> get)
    {
        try
        {
            return (Read(get, FunctionNeeds.Jobs | FunctionNeeds.Inbox | FunctionNeeds.DeadLetters), null, []);
        }
        catch (SettingsException missing)
        {
            try
            {
                return (Read(get, FunctionNeeds.Jobs | FunctionNeeds.Diagnosis), missing.Message, []);
            }
            catch (SettingsException wrong)
            {
                return (Read(get, FunctionNeeds.Jobs), missing.Message, wrong.Errors);
            }
        }
    }

    private static partial IStore[] CreateStores();
}
