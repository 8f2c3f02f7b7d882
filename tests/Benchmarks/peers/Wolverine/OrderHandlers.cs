using Npgsql;
using Wolverine;

namespace Relaybox.Benchmarks.Peers;

/// <summary>Handlers that insert one effect.</summary>
/// <remarks>
/// Wolverine 6.62 has no transactional middleware for plain PostgreSQL, only for Marten, Entity Framework Core and sagas. So
/// <see cref="Handle(OrderReceived, Envelope, NpgsqlDataSource)"/> inserts in a single statement that commits by itself. That is the least
/// that a handler can do, and its effect does not commit with the mark of the message.
/// </remarks>
public static class OrderHandlers
{
    private const string Insert = "INSERT INTO bench_effects (message_id) VALUES ($1)";

    public static async Task Handle(OrderReceived message, Envelope envelope, NpgsqlDataSource source)
    {
        _ = message;
        await using var command = source.CreateCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = envelope.Id.ToString() });
        await command.ExecuteNonQueryAsync();
    }

    public static async Task Handle(OrderReceivedInTransaction message, Envelope envelope, NpgsqlDataSource source)
    {
        _ = message;
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(Insert, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = envelope.Id.ToString() });
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
