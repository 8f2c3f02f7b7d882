using Microsoft.Extensions.DependencyInjection;
using Relaybox.Functions.Handlers.Example;
using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

internal static partial class HandlerSetup
{
    static partial void AddRedisExample(HandlerRegistry registry, StoreSettings store, IServiceProvider services)
    {
        if (store is RedisSettings { EffectsPrefix: { } prefix })
        {
            registry.Add(
                "orders.placed",
                new RedisOrderPlacedHandler(prefix, services.GetRequiredService<TimeProvider>()),
                HandlersJsonContext.Default.OrderPlaced);
        }
    }
}
