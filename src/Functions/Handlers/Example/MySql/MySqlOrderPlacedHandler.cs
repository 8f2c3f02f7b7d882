using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.MySql;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>
/// The worked example where the store is MySQL or MariaDB: counts how often an order was applied. The statement runs in the
/// transaction of the inbox mark, so it commits with the mark or not at all, and the count is 1 however often the message
/// is delivered.
/// </summary>
/// <param name="schema">The schema of the table.</param>
/// <param name="effectsTable">The table.</param>
internal sealed class MySqlOrderPlacedHandler(string schema, string effectsTable) : IMessageHandler<OrderPlaced>
{
    private readonly string _sql =
        $"""
        INSERT INTO {MySqlIdentifier.Quote(schema)}.{MySqlIdentifier.Quote(effectsTable)} (event_id, applied, order_id, applied_at)
        VALUES (@event, 1, @order, UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE applied = applied + 1, order_id = @order
        """;

    /// <inheritdoc />
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        var command = new MySqlBatchCommand(_sql);
        command.Parameters.Add(new MySqlParameter("@event", EffectId.Of(context)));
        command.Parameters.Add(new MySqlParameter("@order", message.OrderId));
        context.Transaction.Enlist(command);
        return Task.CompletedTask;
    }
}
