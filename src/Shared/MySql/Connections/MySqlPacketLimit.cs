using System.Data.Common;
using System.Globalization;
using Relaybox.Events;

namespace Relaybox.MySql;

/// <summary>
/// Knows how large a message the server takes (<c>max_allowed_packet</c>). The server ends the connection of a client that sends more: so
/// what is larger is split or refused before it is sent.
/// </summary>
internal sealed class MySqlPacketLimit
{
    private long _known;

    /// <summary>The limit as it is known; 0: nobody has asked yet.</summary>
    internal long Known => Volatile.Read(ref _known);

    /// <summary>
    /// How many bytes a message to the server may have. The server is asked once, and again where that is less than somebody needs: the
    /// limit of new connections can have been raised since.
    /// </summary>
    /// <param name="needed">How many bytes cannot be sent apart.</param>
    /// <param name="connection">The connection, of any ADO.NET provider.</param>
    /// <param name="transaction">What is open on it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RowContractException">It is less than is needed.</exception>
    internal async ValueTask<long> RequireAsync(
        long needed, DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        if (Known is > 0 and var known && needed <= known)
        {
            return known;
        }

        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT @@max_allowed_packet";
        var limit = Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
        Volatile.Write(ref _known, limit);
        return needed <= limit
            ? limit
            : throw new RowContractException(new(ErrorCodes.RowTooLarge, MySqlFailureText.TooLarge(needed, limit)));
    }
}
