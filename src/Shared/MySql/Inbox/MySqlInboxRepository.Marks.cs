using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Marks that are not made alone: many at once, and in the transaction of a handler.
internal sealed partial class MySqlInboxRepository
{
    private readonly string _complete = $"CALL {new MySqlNames(options).InboxComplete}(@event, @consumer, @replay, @token, @emitted)";

    /// <inheritdoc />
    /// <remarks>
    /// Records that another transaction has locked are left out: so this waits for none of them, and cannot take part in a deadlock.
    /// </remarks>
    public override async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        var marked = new List<bool>(claims.Count);
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        var limit = await GetBatchLimitAsync(connection, cancellationToken);
        foreach (var some in StatementChunks.Of(claims, claim => 2 * InboxKeys.SizeOf(claim.Key), limit))
        {
            marked.AddRange(await TryMarkProcessedAsync(connection, some, cancellationToken));
        }

        return marked;
    }

    private async Task<bool[]> TryMarkProcessedAsync(
        MySqlConnection connection, InboxClaim.Claimed[] claims, CancellationToken cancellationToken)
    {
        var marked = new bool[claims.Length];
        await using var command = new MySqlCommand { Connection = connection };
        var keys = new InboxKeys(command.Parameters);
        foreach (var claim in claims)
        {
            keys.Add(claim.Key, claim.Token);
        }

        // A small table would otherwise be read as a whole.
        command.CommandText =
            $"""
            UPDATE (
                SELECT event_id, consumer, replay_id FROM {_names.Inbox} FORCE INDEX (PRIMARY)
                WHERE {keys.IsClaimed} AND status = 'processing'
                LIMIT {claims.Length} FOR UPDATE SKIP LOCKED) AS free
            STRAIGHT_JOIN {_names.Inbox} AS r FORCE INDEX (PRIMARY)
                ON r.event_id = free.event_id AND r.consumer = free.consumer AND r.replay_id = free.replay_id
            SET {Processed(options, "r.")}
            """;
        if (await command.ExecuteNonQueryAsync(cancellationToken) == claims.Length)
        {
            Array.Fill(marked, true);
            return marked;
        }

        command.CommandText =
            $"""
            SELECT m.place FROM {keys.Table} AS m STRAIGHT_JOIN {_names.Inbox} AS r FORCE INDEX (PRIMARY)
                ON r.event_id = m.event_id AND r.consumer = m.consumer AND r.replay_id = m.replay_id AND r.claim_token = m.token
            WHERE r.status = 'processed'
            """;
        foreach (var place in await command.ReadCommittedAsync(row => row.GetInt32(0), cancellationToken))
        {
            marked[place] = true;
        }

        return marked;
    }

    /// <summary>Completes a claim as a part of its own transaction. Where the claim is lost the command fails.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="emitted">What the record keeps of the events that the handler has emitted (<see cref="EmittedEvents.ToText"/>).</param>
    internal MySqlBatchCommand Completion(InboxClaim.Claimed claim, string? emitted)
    {
        var command = new MySqlBatchCommand(_complete);
        AddClaim(command.Parameters, claim);
        command.Parameters.AddWithValue("@emitted", emitted);
        return command;
    }

    private static string Processed(MySqlOptions options, string alias) =>
        $"""
        {alias}status = 'processed', {alias}processed_at = {options.Now}, {alias}lease_until = NULL,
        {alias}failed_at = NULL, {alias}error_code = NULL, {alias}error_message = NULL
        """;
}
