using Microsoft.Extensions.DependencyInjection;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.Functions.Hosting;

/// <summary>The desk that answers operators, for the function and for a command line that works on the store itself.</summary>
internal static class OperatorServices
{
    /// <summary>Adds the desk, what it keeps, and what it can do with the broker that the settings name.</summary>
    /// <param name="services">The services; they have the store, the clock, and the way to the broker.</param>
    /// <param name="settings">The settings.</param>
    internal static void AddOperators(this IServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton<OperationStore>();
        services.AddSingleton<PauseStore>();
        if (settings.Broker is { Publishes: true })
        {
            services.AddSingleton<ReplayDesk>();
        }

        if (settings.Needs.HasFlag(FunctionNeeds.DeadLetters))
        {
            services.AddSingleton<DeadLetterDesk>();
            services.AddSingleton<InboxTrail>();
        }

        services.AddSingleton<OperatorDesk>();
    }
}
