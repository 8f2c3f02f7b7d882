namespace Relaybox.Settings;

/// <summary>A broker that a build of the functions contains.</summary>
internal interface IBroker
{
    /// <summary>What <c>BROKER</c> is set to.</summary>
    string Name { get; }

    /// <summary>Reads the settings of the broker; the reader collects what is wrong. Null: the function does not need the broker.</summary>
    /// <param name="reader">Where the settings come from.</param>
    /// <param name="settings">The settings that do not depend on the broker.</param>
    BrokerSettings? Read(SettingsReader reader, RelayboxSettings settings);
}
