using System.Data.Common;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>
/// An inbox in an SQL database. Here: how handling ends, and maintenance. A write of a claim holds only while the record is being processed
/// under the claim's own token. The record keeps the token that completed it, so that a repeated call knows its own work.
/// </summary>
/// <param name="database">Where connections come from.</param>
/// <param name="sql">The statements.</param>
/// <param name="addKey">Adds a record's key to the parameters.</param>
/// <param name="retries">Repeats calls whose failure is transient.</param>
internal abstract class SqlInboxRepository(
    SqlConnections database, SqlInboxStatements sql, Action<DbParameterCollection, InboxKey> addKey, RetryLoop retries)
    : IInboxRepository, IInboxOperations, IExplainsFailures
{
    // Each step takes the oldest records that nobody holds, so that the next one needs no place to go on from.
    private const string MayBeMore = "more";

    /// <summary>Repeats calls whose failure is transient.</summary>
    protected RetryLoop Retries => retries;

    /// <inheritdoc />
    public abstract Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken);

    /// <inheritdoc />
    public abstract Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken);

    /// <inheritdoc />
    public abstract Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken);

    /// <inheritdoc />
    public abstract Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken);

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => database.IsOutage(exception);

    StoreFailedException? IExplainsFailures.Explain(Exception exception) => database.Explain(exception);

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(sql.Renew, claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        HoldAsync(sql.Start, claim, lease, cancellationToken);

    /// <inheritdoc />
    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        WriteAsync(claim, sql.MarkProcessed, InboxStatusText.Processed, static _ => { }, cancellationToken);

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        WriteAsync(
            claim,
            sql.EndAttempt,
            InboxStatusText.Failed,
            parameters =>
            {
                parameters.Add(database.Integer("@deliveries", deliveries));
                parameters.Add(database.Text("@code", errorCode));
                parameters.Add(database.Text("@message", ErrorText.Bound(errorMessage)));
                parameters.Add(database.Integer("@unfinished", claim.Unfinished));
            },
            cancellationToken);

    /// <inheritdoc />
    public Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken) => retries.RunAsync(
        async (_, ct) =>
        {
            await using var connection = await database.OpenAsync(ct);
            await using var command = Command(connection, sql.GiveAttemptsBack);
            addKey(command.Parameters, key);
            return await command.ExecuteNonQueryAsync(ct);
        },
        cancellationToken);

    /// <summary>What became of a claim's record, once nobody is writing it any more.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its status, or null where the claim is no longer the record's last.</returns>
    internal Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        retries.RunAsync<InboxStatus?>(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                return await ReadOwnAsync(connection, claim, ct) is { } status ? InboxStatusText.Parse(status) : null;
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        InboxCleanup.StepAsync(cursor, pageSize, async status =>
        {
            var deleted = status == InboxStatus.Failed
                ? await ChangeAsync(sql.CleanupFailed, failedRetention, pageSize, cancellationToken)
                : await ChangeAsync(sql.CleanupProcessed, processedRetention, pageSize, cancellationToken);
            return (deleted, deleted);
        });

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var reset = await ChangeAsync(sql.ResetStale, age, pageSize, cancellationToken);
        return new MaintenancePage(reset, reset < pageSize ? null : MayBeMore);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, sql.CountByStatus);
        var counts = await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), cancellationToken);
        return new Dictionary<string, long>(counts, StringComparer.Ordinal);
    }

    /// <summary>Adds the key of a claim's record and the claim's token.</summary>
    protected void AddClaim(DbParameterCollection parameters, InboxClaim.Claimed claim)
    {
        addKey(parameters, claim.Key);
        parameters.Add(database.Text("@token", claim.Token));
    }

    private Task<bool> HoldAsync(string text, InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = Command(connection, text);
                AddClaim(command.Parameters, claim);
                command.Parameters.Add(database.Interval("@lease", lease));
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    private Task<bool> WriteAsync(
        InboxClaim.Claimed claim, string text, string status, Action<DbParameterCollection> addParameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = Command(connection, text);
                AddClaim(command.Parameters, claim);
                addParameters(command.Parameters);
                return await command.ExecuteNonQueryAsync(ct) == 1

                    // Our own earlier write, whose answer was lost.
                    || await ReadOwnAsync(connection, claim, ct) == status;
            },
            cancellationToken);
    }

    private async Task<string?> ReadOwnAsync(DbConnection connection, InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql.ReadOwn);
        AddClaim(command.Parameters, claim);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private async Task<int> ChangeAsync(string text, TimeSpan age, int pageSize, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, text);
        command.Parameters.Add(database.Interval("@age", age));
        command.Parameters.Add(database.Integer("@limit", pageSize));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DbCommand Command(DbConnection connection, string text)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        return command;
    }
}
