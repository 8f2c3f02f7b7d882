using Relaybox.Functions.Handlers.Example;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

internal static partial class HandlerSetup
{
    static partial void AddPostgresExample(HandlerRegistry registry, StoreSettings store)
    {
        if (store is PostgresSettings { EffectsTable: { } table } postgres)
        {
            registry.Add(
                "orders.placed", new PostgresOrderPlacedHandler(postgres.Tables.Schema, table), HandlersJsonContext.Default.OrderPlaced);
        }
    }
}
