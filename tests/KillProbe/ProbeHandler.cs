using System.Diagnostics;
using Npgsql;
using Relaybox.Inbox;
using Relaybox.Postgres;

namespace Relaybox.KillProbe;

/// <summary>A handler with a business write and an event of its own, either of which shows if it happens twice.</summary>
internal sealed class ProbeHandler(string step, string effects, PostgresOutboxWriter writer) : IMessageHandler<string>
{
    public async Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Die(Steps.HandlerBegun);
        var transaction = await context.Transaction.GetNpgsqlTransactionAsync(cancellationToken);
        Die(Steps.TransactionBegun);
        await using (var command = new NpgsqlCommand($"INSERT INTO {effects} (event_id) VALUES ($1)", transaction.Connection, transaction))
        {
            command.Parameters.Add(new() { Value = context.EventId });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        Die(Steps.Written);
        var enlisted = new NpgsqlBatchCommand($"INSERT INTO {effects} (event_id) VALUES ($1)");
        enlisted.Parameters.Add(new() { Value = context.EventId });
        context.Transaction.Enlist(enlisted);
        context.Transaction.Emit(writer.NewEvent("effects.done", $"\"{context.EventId}\"") with { OrderingKey = "effects" });
        Die(Steps.Emitted);
    }

    /// <summary>The end, as the machine's own: no handler, no finally, no flush.</summary>
    internal static void Kill()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private void Die(string at)
    {
        if (step == at)
        {
            Kill();
        }
    }
}
