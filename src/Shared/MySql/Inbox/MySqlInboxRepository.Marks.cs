using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.MySql;

// How handling ends, and maintenance: the statements are this database's, and SqlInboxWrites runs them.
internal sealed partial class MySqlInboxRepository
{
    private readonly SqlInboxWrites _writes = new(connections, Statements(options), AddKey, connections.Retries(time, entropy));
    private readonly string _complete = $"CALL {new MySqlNames(options).InboxComplete}(@event, @consumer, @replay, @token)";

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        _writes.RenewAsync(claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        _writes.StartAsync(claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        _writes.MarkProcessedAsync(claim, cancellationToken);

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        _writes.EndAttemptAsync(claim, deliveries, errorCode, errorMessage, cancellationToken);

    /// <inheritdoc />
    public Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        _writes.ReadOwnAsync(claim, cancellationToken);

    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(TimeSpan retention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        _writes.CleanupAsync(retention, pageSize, cancellationToken);

    /// <inheritdoc />
    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        _writes.ResetStaleAsync(age, pageSize, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _writes.GetCountByStatusAsync(cancellationToken);

    /// <inheritdoc />
    /// <remarks>
    /// Records that another transaction has locked are left out: so this waits for none of them, and cannot take part in a deadlock.
    /// </remarks>
    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
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

        // A small table would otherwise be read as a whole, and each of its records waited for.
        var claimed =
            $"""
            {keys.Table} AS m STRAIGHT_JOIN {_names.Inbox} AS r FORCE INDEX (PRIMARY)
                ON r.event_id = m.event_id AND r.consumer = m.consumer AND r.replay_id = m.replay_id AND r.claim_token = m.token
            """;
        command.CommandText =
            $"""
            UPDATE (
                SELECT r.event_id, r.consumer, r.replay_id FROM {claimed} WHERE r.status = 'processing'
                LIMIT {claims.Length} FOR UPDATE SKIP LOCKED) AS free
            STRAIGHT_JOIN {_names.Inbox} AS r FORCE INDEX (PRIMARY)
                ON r.event_id = free.event_id AND r.consumer = free.consumer AND r.replay_id = free.replay_id
            SET {Processed(options, "r.")};
            SELECT m.place FROM {claimed} WHERE r.status = 'processed'
            """;
        foreach (var place in await command.ReadCommittedAsync(row => row.GetInt32(0), cancellationToken))
        {
            marked[place] = true;
        }

        return marked;
    }

    /// <summary>Completes a claim as a part of its own transaction. Where the claim is lost the command fails.</summary>
    internal MySqlBatchCommand Completion(InboxClaim.Claimed claim)
    {
        var command = new MySqlBatchCommand(_complete);
        _writes.AddClaim(command.Parameters, claim);
        return command;
    }

    private static string Processed(MySqlOptions options, string alias) =>
        $"""
        {alias}status = 'processed', {alias}processed_at = {options.Now}, {alias}lease_until = NULL,
        {alias}failed_at = NULL, {alias}error_code = NULL, {alias}error_message = NULL
        """;
}
