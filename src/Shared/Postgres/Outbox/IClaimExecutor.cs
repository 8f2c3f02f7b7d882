using System.Data.Common;
using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>Carries out the statements of a claim.</summary>
internal interface IClaimExecutor
{
    /// <summary>Whether what one statement has claimed stays claimed if the next one fails.</summary>
    bool KeepsClaims { get; }

    /// <summary>Claims, under a token of its own.</summary>
    /// <param name="sql">The statement: its parameters $1 and $2 are the token and the lease.</param>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="parameters">Its parameters from $3 on.</param>
    /// <param name="readExtra">Reads what stands behind the columns of the row, the same in each.</param>
    /// <param name="ifOurs">What to answer with for that, where a claim is found again whose answer was lost.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<(List<OutboxClaim> Claims, T Extra)> ClaimAsync<T>(
        string sql,
        ClaimLimit limit,
        NpgsqlParameter[] parameters,
        Func<DbDataReader, T> readExtra,
        T ifOurs,
        CancellationToken cancellationToken);

    /// <summary>Ends some claims whose lease has ended, where the statements do not take their rows.</summary>
    /// <param name="limit">The most rows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task EndLeasesAsync(int limit, CancellationToken cancellationToken);
}
