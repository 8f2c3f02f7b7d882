using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Handlers;
using Relaybox.Functions.Maintenance;
using Relaybox.Functions.Operate;
using Relaybox.Functions.Relay;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox.Relay;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Timing;

namespace Relaybox.Functions.Hosting;

/// <summary>Puts the parts together. Clients are made when something first asks for them.</summary>
internal static class Composition
{
    internal static ServiceProvider Build(string functionName, RelayboxSettings settings, IReadOnlyList<string>? settingsErrors = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .SetMinimumLevel(settings.LogLevel)
            .AddFilter(typeof(OperateAudit).FullName, LogLevel.Information)
            .AddProvider(new JsonLoggerProvider(LogLevel.Trace, functionName, JsonLines.StandardOutput)));
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ISecretSource>(_ => SecretsManager.OfThisProcess());
        services.AddSingleton<IEntropy>(SystemEntropy.Instance);
        services.AddSingleton(new MetricsWriter(functionName, settings.MetricsNamespace, TimeProvider.System, JsonLines.StandardOutput));
        settings.Store!.AddServices(services);
        services.AddMessaging(settings);
        AddRelay(services, settings);
        AddConsumer(services, settings);
        services.AddSingleton(settings.Maintenance);
        services.AddSingleton<MaintenanceJobs>();
        services.AddSingleton<CleanupFunction>();
        services.AddSingleton<ResetStaleFunction>();
        services.AddSingleton<ReconcileFunction>();
        services.AddSingleton(_ => new StackAnswer(new HttpClient { Timeout = TimeSpan.FromSeconds(5) }));
        services.AddSingleton<SetupFunction>();
        services.AddSingleton<PauseWatch>();
        services.AddDoctor(settings, settingsErrors ?? []);
        AddOperate(services, settings);
        return services.BuildServiceProvider();
    }

    private static void AddRelay(ServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton(settings.Relay);
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton(new SweepOptions(settings.Store!.Listen));
        services.AddSingleton<StreamRelayFunction>();
        services.AddSingleton<SweepRelayFunction>();
    }

    private static void AddOperate(ServiceCollection services, RelayboxSettings settings)
    {
        if (settings.Needs.HasFlag(FunctionNeeds.DeadLetters))
        {
            services.AddSingleton(provider => new InboxConsumers(
                subject => provider.GetRequiredService<HandlerRegistry>().Find(subject).Select(handler => handler.Consumer)));
        }

        services.AddOperators(settings);
        services.AddSingleton<OperateAudit>();
        services.AddSingleton<IPurgeAudit>(provider => provider.GetRequiredService<OperateAudit>());
        services.AddSingleton<OperateFunction>();
    }

    private static void AddConsumer(ServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton(provider => HandlerSetup.Register(new HandlerRegistry(settings.ConsumerName), settings, provider));
        services.AddSingleton<InboxConsumer>();
        services.AddSingleton<ConsumeFunction>();
        services.AddSingleton<PullConsumeFunction>();
    }
}
