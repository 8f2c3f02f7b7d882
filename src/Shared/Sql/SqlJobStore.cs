using System.Data.Common;
using Relaybox.Maintenance;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>Jobs in a table: one row each, changed only under its token. The database's clock decides.</summary>
/// <param name="database">Where connections come from.</param>
/// <param name="acquire">Takes a job by its name, a token and a lease, and gives its cursor where it was free or has this token.</param>
/// <param name="save">Sets cursor and lease of a job that has a token.</param>
/// <param name="delete">Deletes a job that has a token.</param>
/// <param name="find">Gives name and cursor of a job.</param>
/// <param name="list">Gives name and cursor of the jobs whose names begin with a text.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal abstract class SqlJobStore(
    SqlConnections database, string acquire, string save, string delete, string find, string list, TimeProvider time, IEntropy entropy) : IJobStore
{
    private readonly RetryLoop _retries = database.Retries(time, entropy);

    /// <inheritdoc />
    public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: a claim whose answer was lost is ours.
        var token = entropy.NewGuid().ToString("N");
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = Command(connection, acquire, job, token);
                command.Parameters.Add(database.Interval("@lease", lease));
                return (await command.ReadCommittedAsync(row => new JobLease(job, token, Columns.Text(row, 0)), ct)).SingleOrDefault();
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = Command(connection, save, lease.Job, lease.Token);
                command.Parameters.Add(database.Text("@cursor", cursor));
                command.Parameters.Add(database.Interval("@lease", duration));
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = Command(connection, delete, lease.Job, lease.Token);
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public async Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) =>
        (await ReadAsync(find, job, cancellationToken)).SingleOrDefault();

    /// <inheritdoc />
    public async Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        await ReadAsync(list, prefix, cancellationToken);

    private Task<List<JobRecord>> ReadAsync(string sql, string name, CancellationToken cancellationToken) =>
        _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = connection.CreateCommand();
                command.CommandText = sql;
                command.Parameters.Add(database.Text("@job", name));
                return await command.ReadCommittedAsync(row => new JobRecord(Columns.Text(row, 0)!, Columns.Text(row, 1)), ct);
            },
            cancellationToken);

    private DbCommand Command(DbConnection connection, string sql, string job, string token)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add(database.Text("@job", job));
        command.Parameters.Add(database.Text("@token", token));
        return command;
    }
}
