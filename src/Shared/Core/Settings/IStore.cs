namespace Relaybox.Settings;

/// <summary>A store that a build of the functions contains.</summary>
internal interface IStore
{
    /// <summary>What <c>STORE</c> is set to.</summary>
    string Name { get; }

    /// <summary>What the store can do beyond what every store does.</summary>
    StoreCapabilities Capabilities { get; }

    /// <summary>Reads the settings of the store; the reader collects what is wrong.</summary>
    /// <param name="reader">Where the settings come from.</param>
    /// <param name="settings">The settings that do not depend on the store.</param>
    StoreSettings Read(SettingsReader reader, RelayboxSettings settings);
}
