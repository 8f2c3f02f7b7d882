using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>Jobs in a PostgreSQL table. The database's clock decides.</summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class PostgresJobStore(PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy)
    : SqlJobStore(connections, Acquire(options), Save(options), Delete(options), Find(options), List(options), time, entropy)
{
    private static string Acquire(PostgresOptions options) =>
        $"""
        INSERT INTO {Table(options)} AS j (job, claim_token, lease_until) VALUES ($1, $2, clock_timestamp() + $3)
        ON CONFLICT (job) DO UPDATE SET claim_token = EXCLUDED.claim_token, lease_until = clock_timestamp() + $3
        WHERE j.lease_until <= clock_timestamp() OR j.claim_token = EXCLUDED.claim_token
        RETURNING j.cursor
        """;

    private static string Save(PostgresOptions options) =>
        $"UPDATE {Table(options)} SET cursor = $3, lease_until = clock_timestamp() + $4 WHERE job = $1 AND claim_token = $2";

    private static string Delete(PostgresOptions options) => $"DELETE FROM {Table(options)} WHERE job = $1 AND claim_token = $2";

    private static string Find(PostgresOptions options) => $"SELECT job, cursor FROM {Table(options)} WHERE job = $1";

    private static string List(PostgresOptions options) => $"SELECT job, cursor FROM {Table(options)} WHERE starts_with(job, $1)";

    private static string Table(PostgresOptions options) => new PostgresNames(options).Jobs;
}
