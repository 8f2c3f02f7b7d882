using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

/// <summary>Which handler gets which subject. This folder is yours: replace the example, whose folder can be deleted.</summary>
internal static partial class HandlerSetup
{
    internal static HandlerRegistry Register(HandlerRegistry registry, RelayboxSettings settings, IServiceProvider services)
    {
        AddDynamoDbExample(registry, settings.Store!, services);
        AddMongoDbExample(registry, settings.Store!);
        AddMySqlExample(registry, settings.Store!);
        AddPostgresExample(registry, settings.Store!);
        AddRedisExample(registry, settings.Store!, services);
        if (registry.IsEmpty)
        {
            FunctionLog.NoHandlers(services.GetRequiredService<ILoggerFactory>().CreateLogger("Handlers"));
        }

        return registry;
    }

    // Implemented beside the example of each store that the build contains.
    static partial void AddDynamoDbExample(HandlerRegistry registry, StoreSettings store, IServiceProvider services);

    static partial void AddMongoDbExample(HandlerRegistry registry, StoreSettings store);

    static partial void AddMySqlExample(HandlerRegistry registry, StoreSettings store);

    static partial void AddPostgresExample(HandlerRegistry registry, StoreSettings store);

    static partial void AddRedisExample(HandlerRegistry registry, StoreSettings store, IServiceProvider services);
}
