using Relaybox.Settings;

namespace Relaybox.Local.Stores;

/// <summary>A store whose schema <c>./run migrate</c> can bring up to date.</summary>
internal interface IMigratedStore : ILocalStore
{
    /// <summary>How the URL of a database looks, for people.</summary>
    string UrlForm { get; }

    /// <summary>The product's store, which reads the settings.</summary>
    IStore Provider { get; }

    /// <summary>Whether a text is a URL of such a database.</summary>
    bool IsUrl(string text);

    /// <summary>The migration of the database that the settings name.</summary>
    /// <param name="settings">What <see cref="Provider"/> has read.</param>
    ISchemaMigration CreateMigration(StoreSettings settings);
}
