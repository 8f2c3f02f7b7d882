using NATS.Client.Core;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Tells credentials that are of no use from servers that cannot be reached.</summary>
internal static class NatsRefusal
{
    /// <summary>Whether a server did not take the credentials, or they are none.</summary>
    internal static bool IsOfCredentials(Exception? exception) => exception switch
    {
        null => false,
        NatsServerException { IsAuthError: true } or SecretException or SettingsException => true,
        _ => IsOfCredentials(exception.InnerException),
    };
}
