using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// How handling ends: a write holds only while the record is being processed under the claim's own token.
internal sealed partial class MySqlInboxRepository
{
    private const string IsRecord = "event_id = @event AND consumer = @consumer AND replay_id = @replay AND claim_token = @token";
    private const string ClaimHolds = $"{IsRecord} AND status = 'processing'";

    // The record keeps the token that completed it, so that a repeated call knows its own work.
    private readonly string _markProcessed =
        $"UPDATE {new MySqlNames(options).Inbox} SET {Processed(options, "")} WHERE {ClaimHolds}";

    private readonly string _endAttempt =
        $"""
        UPDATE {new MySqlNames(options).Inbox} SET
            status = 'failed', deliveries = @deliveries, unfinished = @unfinished, failed_at = {options.Now}, lease_until = NULL,
            error_code = @code, error_message = @message
        WHERE {ClaimHolds}
        """;

    // Where a transaction that marks the record is still on its way, this waits for its end.
    private readonly string _readOwn = $"SELECT status FROM {new MySqlNames(options).Inbox} WHERE {IsRecord} FOR UPDATE";

    private readonly string _renew =
        $"UPDATE {new MySqlNames(options).Inbox} SET lease_until = {options.Now} + INTERVAL @lease MICROSECOND WHERE {ClaimHolds}";

    // Counted once, however often the call is repeated. What an assignment reads is assigned after it.
    private readonly string _start =
        $"""
        UPDATE {new MySqlNames(options).Inbox} SET
            lease_until = {options.Now} + INTERVAL @lease MICROSECOND,
            deliveries = deliveries + (NOT (begun_token <=> @token)), unfinished = unfinished + (NOT (begun_token <=> @token)),
            begun_token = @token
        WHERE {ClaimHolds}
        """;

    private readonly string _complete = $"CALL {new MySqlNames(options).InboxComplete}(@event, @consumer, @replay, @token)";

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(_renew, claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(_start, claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        WriteAsync(claim, _markProcessed, InboxStatusText.Processed, static _ => { }, cancellationToken);

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

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        WriteAsync(
            claim,
            _endAttempt,
            InboxStatusText.Failed,
            parameters =>
            {
                parameters.AddWithValue("@deliveries", deliveries);
                parameters.AddWithValue("@unfinished", claim.Unfinished);
                parameters.AddWithValue("@code", errorCode);
                parameters.AddWithValue("@message", ErrorText.Bound(errorMessage));
            },
            cancellationToken);

    /// <summary>Completes a claim as a part of its own transaction. Where the claim is lost the command fails.</summary>
    internal MySqlBatchCommand Completion(InboxClaim.Claimed claim)
    {
        var command = new MySqlBatchCommand(_complete);
        AddClaim(command.Parameters, claim);
        return command;
    }

    /// <inheritdoc />
    public Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        _retries.RunAsync<InboxStatus?>(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                return await ReadOwnAsync(connection, claim, ct) is { } status ? InboxStatusText.Parse(status) : null;
            },
            cancellationToken);

    private Task<bool> HoldAsync(string sql, InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new MySqlCommand(sql, connection);
                AddClaim(command.Parameters, claim);
                command.Parameters.Add(Parameters.Interval("@lease", lease));
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    private Task<bool> WriteAsync(
        InboxClaim.Claimed claim,
        string sql,
        string status,
        Action<MySqlParameterCollection> addParameters,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new MySqlCommand(sql, connection);
                AddClaim(command.Parameters, claim);
                addParameters(command.Parameters);
                return await command.ExecuteNonQueryAsync(ct) == 1

                    // Our own earlier write, whose answer was lost.
                    || await ReadOwnAsync(connection, claim, ct) == status;
            },
            cancellationToken);
    }

    private async Task<string?> ReadOwnAsync(MySqlConnection connection, InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(_readOwn, connection);
        AddClaim(command.Parameters, claim);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static string Processed(MySqlOptions options, string alias) =>
        $"""
        {alias}status = 'processed', {alias}processed_at = {options.Now}, {alias}lease_until = NULL,
        {alias}failed_at = NULL, {alias}error_code = NULL, {alias}error_message = NULL
        """;

    private static void AddClaim(MySqlParameterCollection parameters, InboxClaim.Claimed claim)
    {
        AddKey(parameters, claim.Key);
        parameters.AddWithValue("@token", claim.Token);
    }
}
