namespace Relaybox.Stores.Postgres;

/// <summary>What a claim does with the rows that it takes.</summary>
internal abstract class OutboxTake
{
    /// <summary>They are leased: the claim commits, and the row says until when.</summary>
    internal static OutboxTake Lease { get; } = new Leased();

    /// <summary>The common table expression <c>claimed</c>: takes the rows of a query and answers with their columns.</summary>
    /// <param name="names">The tables.</param>
    /// <param name="rows">A query of row numbers.</param>
    /// <param name="token">The token's parameter.</param>
    /// <param name="lease">The lease's parameter.</param>
    internal abstract string Claimed(PostgresNames names, string rows, string token, string lease);

    private sealed class Leased : OutboxTake
    {
        internal override string Claimed(PostgresNames names, string rows, string token, string lease) =>
            $"""
            claimed AS (
                UPDATE {names.Outbox} o
                SET status = 'publishing', claim_token = {token}, claimed_at = now(), lease_until = now() + {lease}
                WHERE o.row_id = ANY (ARRAY({rows}))
                RETURNING {OutboxRecord.Columns("o")}
            )
            """;
    }
}
