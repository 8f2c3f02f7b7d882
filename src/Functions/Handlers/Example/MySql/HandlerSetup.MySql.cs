using Relaybox.Functions.Handlers.Example;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Settings;

namespace Relaybox.Functions.Handlers;

internal static partial class HandlerSetup
{
    static partial void AddMySqlExample(HandlerRegistry registry, StoreSettings store)
    {
        if (store is MySqlSettings { EffectsTable: { } table } mySql)
        {
            registry.Add("orders.placed", new MySqlOrderPlacedHandler(mySql.Tables.Schema, table), HandlersJsonContext.Default.OrderPlaced);
        }
    }
}
