using Npgsql;
using Relaybox.Maintenance;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>Jobs in a PostgreSQL table: one row each, changed only under its token. The database's clock decides.</summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class PostgresJobStore(
    PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy) : IJobStore
{
    private readonly RetryLoop _retries = connections.Retries(time, entropy);

    private readonly string _acquire =
        $"""
        INSERT INTO {Table(options)} AS j (job, claim_token, lease_until) VALUES ($1, $2, clock_timestamp() + $3)
        ON CONFLICT (job) DO UPDATE SET claim_token = EXCLUDED.claim_token, lease_until = clock_timestamp() + $3
        WHERE j.lease_until <= clock_timestamp() OR j.claim_token = EXCLUDED.claim_token
        RETURNING j.cursor
        """;

    private readonly string _save =
        $"UPDATE {Table(options)} SET cursor = $3, lease_until = clock_timestamp() + $4 WHERE job = $1 AND claim_token = $2";

    /// <inheritdoc />
    public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: a claim whose answer was lost is ours.
        var token = entropy.NewGuid().ToString("N");
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_acquire, connection);
                command.Parameters.Add(Parameters.Text(job));
                command.Parameters.Add(Parameters.Text(token));
                command.Parameters.Add(Parameters.Interval(lease));
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
                await using var command = new NpgsqlCommand(_save, connection);
                command.Parameters.Add(Parameters.Text(lease.Job));
                command.Parameters.Add(Parameters.Text(lease.Token));
                command.Parameters.Add(Parameters.Text(cursor));
                command.Parameters.Add(Parameters.Interval(duration));
                return await command.ExecuteNonQueryAsync(ct) == 1;
            },
            cancellationToken);
    }

    private static string Table(PostgresOptions options) => new PostgresNames(options).Jobs;
}
