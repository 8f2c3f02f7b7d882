using System.Globalization;
using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>Rows that are sent in a transaction which is still open.</summary>
internal sealed class LockedRows : ILockedRows
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private bool _isDisposed;

    private LockedRows(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<OutboxClaim> claims)
    {
        _connection = connection;
        _transaction = transaction;
        Claims = claims;
    }

    public IReadOnlyList<OutboxClaim> Claims { get; }

    /// <summary>Begins a transaction that the server ends where nothing is heard of it for too long, and locks rows in it.</summary>
    internal static async Task<LockedRows> LockAsync(
        PostgresConnections connections,
        TimeSpan longest,
        Func<NpgsqlConnection, Task<List<OutboxClaim>>> claim,
        CancellationToken cancellationToken)
    {
        var connection = await connections.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);

            // A function that is frozen says nothing, and its connection lives on.
            await using var limit = new NpgsqlCommand("SELECT set_config('idle_in_transaction_session_timeout', $1, true)", connection, transaction);
            limit.Parameters.Add(Parameters.Text(Math.Max(1, (long)longest.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)));
            await limit.ExecuteNonQueryAsync(cancellationToken);
            var claims = await claim(connection);
            return new LockedRows(connection, transaction, claims.ConvertAll(row => row with { Token = ClaimToken.None }));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<bool> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException || PostgresFaults.IsTransient(e))
        {
            return false;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            await _transaction.DisposeAsync();
        }
        catch (Exception e) when (e is NpgsqlException || PostgresFaults.IsTransient(e))
        {
            // A connection that is broken has let the rows go already, or will when the server hears of it.
        }

        await _connection.DisposeAsync();
    }
}
