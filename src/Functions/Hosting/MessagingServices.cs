using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.Messaging.Formats;
using Relaybox.S3;
using Relaybox.Settings;

namespace Relaybox.Functions.Hosting;

/// <summary>The way to the broker and back, for every function and for a command line that works on the store itself.</summary>
internal static class MessagingServices
{
    /// <summary>Adds the broker that the settings name, the form of its messages, and what keeps large payloads apart.</summary>
    /// <param name="services">The services.</param>
    /// <param name="settings">The settings.</param>
    internal static void AddMessaging(this IServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton(settings.Consumer);
        services.AddSingleton(_ => MessageFormats.Get(settings.MessageFormat, settings.CloudEventsSource));
        settings.Broker?.AddServices(services);
        if (settings.ClaimCheck is { } claimCheck)
        {
            AddClaimCheck(services, claimCheck);
        }
    }

    // On its own: without it nothing of S3 is loaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddClaimCheck(IServiceCollection services, ClaimCheckSettings claimCheck) => services.AddClaimCheck(claimCheck);
}
