using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.DynamoDb;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

/// <summary>Which handler gets which subject. This folder is yours: replace the example.</summary>
internal static class HandlerSetup
{
    internal static HandlerRegistry Register(HandlerRegistry registry, RelayboxSettings settings, IServiceProvider services)
    {
        if (settings.Store is DynamoDbSettings { EffectsTable: { } effectsTable })
        {
            registry.Add(
                "orders.placed",
                new OrderPlacedHandler(effectsTable, services.GetRequiredService<TimeProvider>()),
                HandlersJsonContext.Default.OrderPlaced);
        }

        if (settings.Store is PostgresSettings { EffectsTable: { } table } postgres)
        {
            registry.Add(
                "orders.placed",
                new PostgresOrderPlacedHandler(postgres.Tables.Schema, table),
                HandlersJsonContext.Default.OrderPlaced);
        }

        if (registry.IsEmpty)
        {
            FunctionLog.NoHandlers(services.GetRequiredService<ILoggerFactory>().CreateLogger("Handlers"));
        }

        return registry;
    }
}
