using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.MySql;

namespace Relaybox.KillProbe;

/// <summary>The same handler on MySQL: a write of its own, an enlisted one and an event, each of which shows if it happens twice.</summary>
internal sealed class MySqlProbeHandler(string step, string effects, MySqlOutboxWriter writer) : IMessageHandler<string>
{
    public async Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Die(Steps.HandlerBegun);
        var transaction = await context.Transaction.GetMySqlTransactionAsync(cancellationToken);
        Die(Steps.TransactionBegun);
        await using (var command = new MySqlCommand($"INSERT INTO {effects} (event_id) VALUES (@id)", transaction.Connection, transaction))
        {
            command.Parameters.AddWithValue("@id", context.EventId);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        Die(Steps.Written);
        var enlisted = new MySqlBatchCommand($"INSERT INTO {effects} (event_id) VALUES (@id)");
        enlisted.Parameters.AddWithValue("@id", context.EventId);
        context.Transaction.Enlist(enlisted);
        context.Transaction.Emit(writer.NewEvent("effects.done", $"\"{context.EventId}\"") with { OrderingKey = "effects" });
        Die(Steps.Emitted);
    }

    private void Die(string at)
    {
        if (step == at)
        {
            ProbeHandler.Kill();
        }
    }
}
