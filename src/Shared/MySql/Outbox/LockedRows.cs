using System.Globalization;
using MySqlConnector;
using Relaybox.Outbox;

namespace Relaybox.MySql;

/// <summary>Rows that are sent in a transaction which is still open.</summary>
/// <param name="connection">The transaction's connection, which is closed with this.</param>
/// <param name="claims">The rows.</param>
internal sealed class LockedRows(MySqlConnection connection, IReadOnlyList<OutboxClaim> claims) : ILockedRows
{
    /// <summary>Takes <see cref="LimitSilence"/> back: the session serves others afterwards.</summary>
    internal const string ResetSilence = "SET SESSION wait_timeout = 900";

    private bool _isDone;

    public IReadOnlyList<OutboxClaim> Claims { get; } = [.. claims.Select(claim => claim with { Token = ClaimToken.None })];

    /// <inheritdoc />
    public async Task<bool> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new MySqlCommand($"COMMIT; {ResetSilence}", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
            _isDone = true;
            return true;
        }
        catch (Exception e) when (e is MySqlException or InvalidOperationException || MySqlFaults.IsTransient(e))
        {
            return false;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_isDone)
        {
            _isDone = true;
            await MySqlTransactions.RollBackAsync(connection, ResetSilence);
        }

        await connection.DisposeAsync();
    }

    /// <summary>Lets the server end the session, and its transaction, if it is silent for so long: the process may be frozen or gone.</summary>
    internal static string LimitSilence(TimeSpan longest) => string.Create(
        CultureInfo.InvariantCulture, $"SET SESSION wait_timeout = {Math.Max(1, (long)Math.Ceiling(longest.TotalSeconds))}; ");
}
