using Microsoft.Extensions.DependencyInjection;
using Relaybox.DynamoDb;
using Relaybox.Functions.Handlers.Example;
using Relaybox.Inbox;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

internal static partial class HandlerSetup
{
    static partial void AddDynamoDbExample(HandlerRegistry registry, StoreSettings store, IServiceProvider services)
    {
        if (store is DynamoDbSettings { EffectsTable: { } table })
        {
            registry.Add(
                "orders.placed",
                new DynamoDbOrderPlacedHandler(table, services.GetRequiredService<TimeProvider>()),
                HandlersJsonContext.Default.OrderPlaced);
        }
    }
}
