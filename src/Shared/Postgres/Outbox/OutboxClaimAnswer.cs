using System.Data.Common;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>Reads what a claiming statement answers with: one row at least, which may hold no claim.</summary>
internal static class OutboxClaimAnswer
{
    internal static async Task<(List<OutboxClaim> Claims, T Extra)> ReadAsync<T>(
        NpgsqlCommand command,
        string token,
        TimeSpan lease,
        ClaimLimit limit,
        NpgsqlParameter[] parameters,
        Func<DbDataReader, T> readExtra,
        CancellationToken cancellationToken)
    {
        command.Parameters.Add(Parameters.Text(token));
        command.Parameters.Add(Parameters.Interval(lease));

        // A parameter belongs to one command, and a statement may be tried more than once.
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter.Clone());
        }

        T extra = default!;
        var rows = await command.ReadCommittedAsync(
            row =>
            {
                extra = readExtra(row);
                return row.IsDBNull(0) ? null : OutboxRowReader.ReadClaim(row, limit);
            },
            cancellationToken);
        return ([.. rows.OfType<OutboxClaim>()], extra);
    }
}
