using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Secrets;

namespace Relaybox.Settings;

/// <summary>The settings of the store that was chosen.</summary>
internal abstract record StoreSettings
{
    private const DynamicallyAccessedMemberTypes Made = DynamicallyAccessedMemberTypes.PublicConstructors;

    /// <summary>How long a sweep waits for new rows once it has sent what was due. Default: it does not wait.</summary>
    public TimeSpan Listen { get; init; }

    /// <summary>Adds the repositories, the job store, and the setup steps. Clients are made when something first asks for them.</summary>
    /// <param name="services">The services of the function.</param>
    public abstract void AddServices(IServiceCollection services);

    /// <summary>Adds the parts of a store that has connections of its own and is prepared by Setup.</summary>
    /// <param name="services">The services of the function.</param>
    /// <param name="connect">Makes the connections.</param>
    protected static void AddParts<
        TConnections,
        [DynamicallyAccessedMembers(Made)] TOutbox,
        [DynamicallyAccessedMembers(Made)] TInbox,
        [DynamicallyAccessedMembers(Made)] TJobs,
        [DynamicallyAccessedMembers(Made)] TSignal,
        [DynamicallyAccessedMembers(Made)] TSetup,
        [DynamicallyAccessedMembers(Made)] TState>(IServiceCollection services, Func<ISecretSource, TConnections> connect)
        where TConnections : class, IExplainsFailures
        where TOutbox : class, IOutboxRepository
        where TInbox : class, IInboxRepository
        where TJobs : class, IJobStore
        where TSignal : class, IOutboxSignal
        where TSetup : class, ISetupStep
        where TState : class, ISetupState
    {
        services.AddSingleton(provider => connect(provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IExplainsFailures>(provider => provider.GetRequiredService<TConnections>());
        services.AddSingleton<IOutboxRepository, TOutbox>();
        services.AddSingleton<IInboxRepository, TInbox>();
        services.AddSingleton<IJobStore, TJobs>();
        services.AddSingleton<IOutboxSignal, TSignal>();
        services.AddSingleton<ISetupStep, TSetup>();
        services.AddSingleton<ISetupState, TState>();
    }
}
