using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// How handling ends: a write holds only while the record is being processed under the claim's own token.
internal sealed partial class PostgresInboxRepository
{
    private const string ClaimHolds = "event_id = $1 AND consumer = $2 AND replay_id = $3 AND status = 'processing' AND claim_token = $4";

    // The record keeps the token that completed it, so that a repeated call knows its own work.
    private readonly string _markProcessed =
        $"""
        UPDATE {Table(options)} SET
            status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
            failed_at = NULL, error_code = NULL, error_message = NULL
        WHERE {ClaimHolds}
        """;

    private readonly string _markTogether = $"SELECT * FROM {new PostgresNames(options).InboxMark}($1, $2, $3, $4)";

    private readonly string _complete = $"SELECT {new PostgresNames(options).InboxComplete}($1, $2, $3, $4)";

    private readonly string _endAttempt =
        $"""
        UPDATE {Table(options)} SET
            status = 'failed', deliveries = $5, unfinished = $8, failed_at = clock_timestamp(), lease_until = NULL,
            error_code = $6, error_message = $7
        WHERE {ClaimHolds}
        """;

    // Where a transaction that marks the record is still on its way, this waits for its end.
    private readonly string _readOwn =
        $"SELECT status FROM {Table(options)} WHERE event_id = $1 AND consumer = $2 AND replay_id = $3 AND claim_token = $4 FOR UPDATE";

    private readonly string _renew =
        $"""
        UPDATE {Table(options)} SET lease_until = clock_timestamp() + $5
        WHERE {ClaimHolds}
        """;

    // Counted once, however often the call is repeated.
    private readonly string _start =
        $"""
        UPDATE {Table(options)} SET
            lease_until = clock_timestamp() + $5, begun_token = $4,
            deliveries = deliveries + (begun_token IS DISTINCT FROM $4)::int,
            unfinished = unfinished + (begun_token IS DISTINCT FROM $4)::int
        WHERE {ClaimHolds}
        """;

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(_renew, claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(_start, claim, lease, cancellationToken);

    private Task<bool> HoldAsync(string sql, InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(sql, connection);
                AddClaim(command.Parameters, claim);
                command.Parameters.Add(Parameters.Interval(lease));
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        WriteAsync(claim, _markProcessed, InboxStatusText.Processed, static _ => { }, cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_markTogether, connection);
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.EventId)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Consumer)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Key.ReplayId)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Token)]));
        var marked = new bool[claims.Count];
        foreach (var place in await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken))
        {
            marked[place - 1] = true;
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
                parameters.Add(Parameters.Integer(deliveries));
                parameters.Add(Parameters.Text(errorCode));
                parameters.Add(Parameters.Text(ErrorText.Bound(errorMessage)));
                parameters.Add(Parameters.Integer(claim.Unfinished));
            },
            cancellationToken);

    /// <summary>
    /// Completes a claim as a part of its own transaction. Where the claim is lost, or the transaction is any other, the command fails.
    /// </summary>
    internal NpgsqlBatchCommand Completion(InboxClaim.Claimed claim)
    {
        var command = new NpgsqlBatchCommand(_complete);
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

    private Task<bool> WriteAsync(
        InboxClaim.Claimed claim,
        string sql,
        string status,
        Action<NpgsqlParameterCollection> addParameters,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(sql, connection);
                AddClaim(command.Parameters, claim);
                addParameters(command.Parameters);
                return await command.ExecuteNonQueryAsync(ct) == 1

                    // Our own earlier write, whose answer was lost.
                    || await ReadOwnAsync(connection, claim, ct) == status;
            },
            cancellationToken);
    }

    private async Task<string?> ReadOwnAsync(NpgsqlConnection connection, InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_readOwn, connection);
        AddClaim(command.Parameters, claim);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static void AddClaim(NpgsqlParameterCollection parameters, InboxClaim.Claimed claim)
    {
        AddKey(parameters, claim.Key);
        parameters.Add(Parameters.Text(claim.Token));
    }
}
