using System.Data.Common;
using Npgsql;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An inbox of PostgreSQL.</summary>
internal sealed class InboxSchema(BenchDatabase database, PostgresOptions options)
    : SqlBenchInbox(database, $"\"{options.Schema}\".\"{options.InboxTable}\"")
{
    public override IInboxRepository Repository { get; } =
        new PostgresInboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    /// <summary>
    /// Claims each batch of new messages in one statement, and inserts their effects and marks them in one transaction, by the driver alone.
    /// </summary>
    /// <exception cref="InvalidOperationException">Not all of them were new, or could be marked.</exception>
    public async Task ConsumeBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        foreach (var batch in batches)
        {
            var token = Guid.NewGuid().ToString("N");
            await ClaimAsync(connection, batch, token, cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var effects = new NpgsqlCommand(EffectsTable.InsertManySql, connection, transaction);
            effects.Parameters.Add(IdsOf(batch));
            await effects.ExecuteNonQueryAsync(cancellationToken);
            var marked = await MarkAsync(connection, batch, token, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (marked != batch.Length)
            {
                throw new InvalidOperationException($"bare loop: {marked} of {batch.Length} messages were claimed and marked.");
            }
        }
    }

    protected override async Task ClaimAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand(
            $"""
            INSERT INTO {Table} (
                event_id, consumer, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token, claimed_at, lease_until)
            SELECT m.event_id, 'bench', 'processing', 1, 1, m.subject, m.payload_hash, $4, $4, now(), now() + interval '1 minute'
            FROM unnest($1, $2, $3) AS m (event_id, subject, payload_hash)
            ON CONFLICT DO NOTHING
            """,
            (NpgsqlConnection)connection);
        claim.Parameters.Add(IdsOf(batch));
        claim.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. batch.Select(message => message.Event.Subject)] });
        claim.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. batch.Select(message => message.PayloadHash.ToArray())] });
        claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
        await claim.ExecuteNonQueryAsync(cancellationToken);
    }

    protected override async Task<int> MarkAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken)
    {
        await using var mark = new NpgsqlCommand(
            $"""
            UPDATE {Table} SET status = 'processed', processed_at = now(), lease_until = NULL
            WHERE event_id = ANY ($1) AND consumer = 'bench' AND replay_id = '' AND status = 'processing' AND claim_token = $2
            """,
            (NpgsqlConnection)connection);
        mark.Parameters.Add(IdsOf(batch));
        mark.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
        return await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<string[]> IdsOf(InboxMessage[] batch) =>
        new() { TypedValue = [.. batch.Select(message => message.Event.EventId)] };
}
