using Npgsql;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An inbox in a schema of its own.</summary>
internal sealed class InboxSchema(BenchDatabase database, PostgresOptions options) : IBenchInbox
{
    private readonly string _table = $"\"{options.Schema}\".\"{options.InboxTable}\"";

    public IInboxRepository Repository { get; } =
        new PostgresInboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public Task EmptyAsync(CancellationToken cancellationToken) => database.ExecuteAsync($"TRUNCATE {_table}", cancellationToken);

    public async Task HandleBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var claim = new NpgsqlCommand(
            $"""
            INSERT INTO {_table} (
                event_id, consumer, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token, claimed_at, lease_until)
            SELECT m.event_id, 'bench', 'processing', 1, 1, m.subject, m.payload_hash, $4, $4, now(), now() + interval '1 minute'
            FROM unnest($1, $2, $3) AS m (event_id, subject, payload_hash)
            ON CONFLICT DO NOTHING
            """,
            connection);
        await using var mark = new NpgsqlCommand(
            $"""
            UPDATE {_table} SET status = 'processed', processed_at = now(), lease_until = NULL
            WHERE event_id = ANY ($1) AND consumer = 'bench' AND replay_id = '' AND status = 'processing' AND claim_token = $2
            """,
            connection);
        foreach (var batch in batches)
        {
            var token = new NpgsqlParameter<string> { TypedValue = Guid.NewGuid().ToString("N") };
            var ids = new NpgsqlParameter<string[]> { TypedValue = [.. batch.Select(message => message.Event.EventId)] };
            var subjects = new NpgsqlParameter<string[]> { TypedValue = [.. batch.Select(message => message.Event.Subject)] };
            var hashes = new NpgsqlParameter<byte[][]> { TypedValue = [.. batch.Select(message => message.PayloadHash.ToArray())] };
            claim.Parameters.Clear();
            claim.Parameters.AddRange(new NpgsqlParameter[] { ids, subjects, hashes, token });
            await claim.ExecuteNonQueryAsync(cancellationToken);

            mark.Parameters.Clear();
            mark.Parameters.AddRange(new NpgsqlParameter[] { ids.Clone(), token.Clone() });
            var marked = await mark.ExecuteNonQueryAsync(cancellationToken);
            if (marked != batch.Length)
            {
                throw new InvalidOperationException($"bare loop: {marked} of {batch.Length} messages were claimed and marked.");
            }
        }
    }
}
