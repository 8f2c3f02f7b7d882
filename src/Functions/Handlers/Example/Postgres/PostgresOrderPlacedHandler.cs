using Npgsql;
using Relaybox.Inbox;
using Relaybox.Postgres;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>
/// The worked example where the store is PostgreSQL: counts how often an order was applied. The statement runs in the
/// transaction of the inbox mark, so it commits with the mark or not at all, and the count is 1 however often the message
/// is delivered.
/// </summary>
/// <param name="schema">The schema of the table.</param>
/// <param name="effectsTable">The table.</param>
internal sealed class PostgresOrderPlacedHandler(string schema, string effectsTable) : IMessageHandler<OrderPlaced>
{
    private readonly string _sql =
        $"""
        INSERT INTO {PostgresIdentifier.Quote(schema)}.{PostgresIdentifier.Quote(effectsTable)} AS e
            (event_id, applied, order_id, applied_at)
        VALUES ($1, 1, $2, clock_timestamp())
        ON CONFLICT (event_id) DO UPDATE SET applied = e.applied + 1, order_id = EXCLUDED.order_id
        """;

    /// <inheritdoc />
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(_sql);
        command.Parameters.Add(new() { Value = EffectId.Of(context) });
        command.Parameters.Add(new() { Value = message.OrderId });
        context.Transaction.Enlist(command);
        return Task.CompletedTask;
    }
}
