using System.Data.Common;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>Carries out each statement of a claim in a transaction of its own, and again where its answer was lost.</summary>
internal sealed class LeaseExecutor(
    PostgresConnections connections, RetryLoop retries, OutboxClaimSql sql, Func<string> newToken, TimeSpan lease) : IClaimExecutor
{
    public bool KeepsClaims => true;

    public Task<(List<OutboxClaim> Claims, T Extra)> ClaimAsync<T>(
        string statement,
        ClaimLimit limit,
        NpgsqlParameter[] parameters,
        Func<DbDataReader, T> readExtra,
        T ifOurs,
        CancellationToken cancellationToken)
    {
        var token = newToken();
        return retries.RunAsync(
            async (attempt, ct) =>
            {
                if (attempt > 1 && await FindClaimedAsync(token, limit, ct) is { Count: > 0 } ours)
                {
                    // The claim was committed and its answer lost.
                    return (ours, ifOurs);
                }

                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(statement, connection);
                return await OutboxClaimAnswer.ReadAsync(command, token, lease, limit, parameters, readExtra, ct);
            },
            cancellationToken);
    }

    public Task EndLeasesAsync(int limit, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<List<OutboxClaim>> FindClaimedAsync(string token, ClaimLimit limit, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql.FindClaimed, connection);
        command.Parameters.Add(Parameters.Text(token));
        command.Parameters.Add(Parameters.Long(limit.Bytes));
        return await command.ReadCommittedAsync(row => OutboxRowReader.ReadClaim(row, limit), cancellationToken);
    }
}
