using System.Data.Common;
using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>Carries out all statements of a claim in one open transaction.</summary>
/// <param name="connection">The transaction's connection.</param>
/// <param name="endLeases">Ends claims whose lease has ended, in a transaction of its own.</param>
internal sealed class LockExecutor(NpgsqlConnection connection, Func<int, CancellationToken, Task> endLeases) : IClaimExecutor
{
    public bool KeepsClaims => false;

    public async Task<(List<OutboxClaim> Claims, T Extra)> ClaimAsync<T>(
        string sql,
        ClaimLimit limit,
        NpgsqlParameter[] parameters,
        Func<DbDataReader, T> readExtra,
        T ifOurs,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await OutboxClaimAnswer.ReadAsync(command, token: "", TimeSpan.Zero, limit, parameters, readExtra, cancellationToken);
    }

    public Task EndLeasesAsync(int limit, CancellationToken cancellationToken) => endLeases(limit, cancellationToken);
}
