using System.Data.Common;
using System.Text;
using MySqlConnector;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>An inbox of MariaDB.</summary>
internal sealed class MySqlBenchInbox(MySqlBenchDatabase database, MySqlOptions options)
    : SqlBenchInbox(database, $"`{options.Schema}`.`{options.InboxTable}`")
{
    public override IInboxRepository Repository { get; } =
        new MySqlInboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    protected override async Task ClaimAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken)
    {
        await using var claim = new MySqlCommand { Connection = (MySqlConnection)connection };
        var rows = batch.Select((message, i) =>
        {
            claim.Parameters.AddWithValue($"@s{i}", message.Event.Subject);
            claim.Parameters.AddWithValue($"@h{i}", message.PayloadHash.ToArray());
            return $"(@e{i}, 'bench', 'processing', 1, 1, @s{i}, @h{i}, @token, @token, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE)";
        });
        claim.CommandText =
            $"""
            INSERT IGNORE INTO {Table} (
                event_id, consumer, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token, claimed_at, lease_until)
            VALUES {string.Join(", ", rows)}
            """;
        AddKeys(claim, batch, token);
        await claim.ExecuteNonQueryAsync(cancellationToken);
    }

    protected override async Task<int> MarkAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken)
    {
        await using var mark = new MySqlCommand(
            $"""
            UPDATE {Table} FORCE INDEX (PRIMARY) SET status = 'processed', processed_at = UTC_TIMESTAMP(6), lease_until = NULL
            WHERE event_id IN ({string.Join(", ", batch.Select((_, i) => $"@e{i}"))}) AND consumer = 'bench' AND replay_id = ''
                AND status = 'processing' AND claim_token = @token
            """,
            (MySqlConnection)connection);
        AddKeys(mark, batch, token);
        return await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void AddKeys(MySqlCommand command, InboxMessage[] batch, string token)
    {
        command.Parameters.AddWithValue("@token", token);
        foreach (var (i, message) in batch.Index())
        {
            command.Parameters.AddWithValue($"@e{i}", Encoding.UTF8.GetBytes(message.Event.EventId));
        }
    }
}
