using MySqlConnector;
using Relaybox.Maintenance;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>Jobs in a table of MySQL or MariaDB: one row each, changed only under its token. The server's clock decides.</summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class MySqlJobStore(
    MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy) : IJobStore
{
    private readonly RetryLoop _retries = connections.Retries(time, entropy);

    // A job that is there stays as it is in the first statement; the second takes it if it is free. The third tells whose it is.
    private readonly string _acquire =
        $"""
        INSERT INTO {Table(options)} (job, claim_token, lease_until) VALUES (@job, @token, {options.Now} + INTERVAL @lease MICROSECOND)
        ON DUPLICATE KEY UPDATE job = {Table(options)}.job;
        UPDATE {Table(options)} SET claim_token = @token, lease_until = {options.Now} + INTERVAL @lease MICROSECOND
        WHERE job = @job AND (lease_until <= {options.Now} OR claim_token = @token);
        SELECT cursor_text FROM {Table(options)} WHERE job = @job AND claim_token = @token
        """;

    private readonly string _save =
        $"""
        UPDATE {Table(options)} SET cursor_text = @cursor, lease_until = {options.Now} + INTERVAL @lease MICROSECOND
        WHERE job = @job AND claim_token = @token
        """;

    /// <inheritdoc />
    public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: a claim whose answer was lost is ours.
        var token = entropy.NewGuid().ToString("N");
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = Command(connection, _acquire, job, token, lease);
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
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = Command(connection, _save, lease.Job, lease.Token, duration);
                command.Parameters.AddWithValue("@cursor", cursor);
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    private static MySqlCommand Command(MySqlConnection connection, string sql, string job, string token, TimeSpan lease)
    {
        var command = new MySqlCommand(sql, connection);
        command.Parameters.AddWithValue("@job", job);
        command.Parameters.AddWithValue("@token", token);
        command.Parameters.Add(Parameters.Interval("@lease", lease));
        return command;
    }

    private static string Table(MySqlOptions options) => new MySqlNames(options).Jobs;
}
