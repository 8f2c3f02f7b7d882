using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>Carries out all statements of a claim in one open transaction.</summary>
/// <param name="connection">The transaction's connection.</param>
/// <param name="token">Under which the rows are sent.</param>
/// <param name="endLeases">Ends claims whose lease has ended, in a transaction of its own.</param>
internal sealed class LockExecutor(NpgsqlConnection connection, string token, Func<int, CancellationToken, Task> endLeases) : IClaimExecutor
{
    public bool KeepsClaims => false;

    public async Task<(List<OutboxClaim> Claims, T Extra)> ClaimAsync<T>(
        string sql, NpgsqlParameter[] parameters, Func<NpgsqlDataReader, T> readExtra, T ifOurs, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await InboxClaimAnswer.ReadAsync(command, token, TimeSpan.Zero, parameters, readExtra, cancellationToken);
    }

    public Task EndLeasesAsync(int limit, CancellationToken cancellationToken) => endLeases(limit, cancellationToken);
}
