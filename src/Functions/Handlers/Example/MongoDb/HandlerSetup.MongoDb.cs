using Relaybox.Functions.Handlers.Example;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

internal static partial class HandlerSetup
{
    static partial void AddMongoDbExample(HandlerRegistry registry, StoreSettings store)
    {
        if (store is MongoDbSettings { Setup.EffectsCollection: { } effects })
        {
            registry.Add("orders.placed", new MongoDbOrderPlacedHandler(effects), HandlersJsonContext.Default.OrderPlaced);
        }
    }
}
