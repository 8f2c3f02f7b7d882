using Npgsql;
using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// How handling ends, and maintenance: the statements are this database's, and SqlInboxWrites runs them.
internal sealed partial class PostgresInboxRepository
{
    private readonly SqlInboxWrites _writes = new(connections, Statements(options), AddKey, connections.Retries(time, entropy));
    private readonly string _markTogether = $"SELECT * FROM {new PostgresNames(options).InboxMark}($1, $2, $3, $4)";
    private readonly string _complete = $"SELECT {new PostgresNames(options).InboxComplete}($1, $2, $3, $4)";

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

    /// <summary>
    /// Completes a claim as a part of its own transaction. Where the claim is lost, or the transaction is any other, the command fails.
    /// </summary>
    internal NpgsqlBatchCommand Completion(InboxClaim.Claimed claim)
    {
        var command = new NpgsqlBatchCommand(_complete);
        _writes.AddClaim(command.Parameters, claim);
        return command;
    }
}
