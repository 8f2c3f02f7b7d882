using System.Data.Common;
using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>Tells why the server has refused new rows: for their ids, for the numbers of their keys, or for another reason.</summary>
internal sealed class OutboxRefusal(MySqlOptions options)
{
    // What the trigger fails with.
    private const string NumbersAreMissing = "RB003";

    private readonly string _keys = MySqlIdentifier.Derive(options.OutboxTable, "keys");
    private readonly string _ofEventId = MySqlIdentifier.Derive(options.OutboxTable, "event_id");

    /// <summary>Whether the id of a row is taken. No other key says that.</summary>
    internal bool IsOfEventId(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is MySqlException { ErrorCode: MySqlErrorCode.DuplicateKeyEntry } e)
            {
                return IsOfKey(e.Message);
            }
        }

        // Of another driver's exceptions only the text is known.
        return exception is DbException { SqlState: "23000" } other && IsOfKey(other.Message);
    }

    /// <summary>Whether the numbers of the ordering key are missing.</summary>
    internal static bool IsOfNumbers(DbException exception) => exception.SqlState == NumbersAreMissing;

    internal OutboxNumbersException WithoutNumbers(DbException exception) => new(_keys, exception);

    // The key's name ends the text, in whatever language. MySQL puts the table's name before it, which some servers know in lower case.
    internal bool IsOfKey(string text) =>
        text.TrimEnd('\'').EndsWith($"'{_ofEventId}", StringComparison.OrdinalIgnoreCase)
        || text.TrimEnd('\'').EndsWith($"'{options.OutboxTable}.{_ofEventId}", StringComparison.OrdinalIgnoreCase);
}
