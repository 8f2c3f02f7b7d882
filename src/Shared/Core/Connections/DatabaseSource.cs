using Relaybox.Settings;

namespace Relaybox.Connections;

/// <summary>Checks the settings that say where a database is: a secret, or on a development machine a URL.</summary>
internal static class DatabaseSource
{
    /// <summary>Checks <c>DATABASE_HOST</c>.</summary>
    /// <param name="reader">Collects what is wrong.</param>
    /// <param name="hosts">The setting; null where it is not set.</param>
    /// <param name="areHosts">Whether a text is what the database takes for hosts.</param>
    internal static void CheckHosts(SettingsReader reader, string? hosts, Predicate<string> areHosts)
    {
        if (hosts is not null && !areHosts(hosts))
        {
            reader.Add("DATABASE_HOST is not a host. Set it to one, or to several with commas between them, each with its port or without.");
        }
    }

    /// <summary>Checks that there is either a secret or a URL, and that the URL can be used.</summary>
    /// <param name="reader">Collects what is wrong.</param>
    /// <param name="urlSetting">The setting of the URL.</param>
    /// <param name="url">The URL; null where it is not set.</param>
    /// <param name="secretArn">The secret; null where it is not set.</param>
    /// <param name="secret">What the secret has to hold, as it follows the words "a secret".</param>
    /// <param name="check">Says what is wrong with the URL, without the URL itself; null if nothing is.</param>
    internal static void Check(SettingsReader reader, string urlSetting, string? url, string? secretArn, string secret, Func<string?> check)
    {
        switch (url, secretArn)
        {
            case (null, null):
                reader.Add(
                    $"DATABASE_SECRET_ARN is not set. Set it to the ARN of a secret{secret}; on a development machine set {urlSetting} instead.");
                break;
            case ({ }, { }):
                reader.Add($"{urlSetting} is set as well as DATABASE_SECRET_ARN. Leave one of them out.");
                break;
            case ({ }, null) when check() is { } wrong:
                reader.Add($"{urlSetting} cannot be used: {wrong}.");
                break;
        }
    }
}
