using Npgsql;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>A handler that commits its effect in a transaction of its own.</summary>
internal sealed class CommittedEffect(NpgsqlDataSource source) : IMessageHandler<string>
{
    public async Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(EffectsTable.InsertSql, connection, transaction);
        command.Parameters.Add(EffectsTable.IdOf(context.EventId));
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
