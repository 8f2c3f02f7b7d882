using Npgsql;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// Marks that are not made alone: many at once, and in the transaction of a handler.
internal sealed partial class PostgresInboxRepository
{
    private readonly string _markTogether = $"SELECT * FROM {new PostgresNames(options).InboxMark}($1, $2, $3, $4)";
    private readonly string _complete = $"SELECT {new PostgresNames(options).InboxComplete}($1, $2, $3, $4, $5)";

    /// <inheritdoc />
    public override async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_markTogether, connection);
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.EventId)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Consumer)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Key.ReplayId)]));
        command.Parameters.Add(Parameters.Texts([.. claims.Select(claim => claim.Token)]));
        var marked = new bool[claims.Count];
        foreach (var place in await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken))
        {
            marked[place - 1] = true;
        }

        return marked;
    }

    /// <summary>
    /// Completes a claim as a part of its own transaction. Where the claim is lost, or the transaction is any other, the command fails.
    /// </summary>
    /// <param name="claim">The claim.</param>
    /// <param name="emitted">What the record keeps of the events that the handler has emitted (<see cref="EmittedEvents.ToText"/>).</param>
    internal NpgsqlBatchCommand Completion(InboxClaim.Claimed claim, string? emitted)
    {
        var command = new NpgsqlBatchCommand(_complete);
        AddClaim(command.Parameters, claim);
        command.Parameters.Add(Parameters.Text(emitted));
        return command;
    }
}
