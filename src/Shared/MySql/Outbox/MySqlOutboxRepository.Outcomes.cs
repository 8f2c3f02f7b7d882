using System.Globalization;
using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// The statements of the marks: those that change rows, those that wake what waited for them, and those that look what became of them.
internal sealed partial class MySqlOutboxRepository
{
    private async Task<HashSet<int>?> UpdateAsync(
        MySqlConnection connection, MarkTable marks, string set, bool mayHaveKeys, CancellationToken cancellationToken)
    {
        var keys =
            $"""
            SELECT DISTINCT s.ordering_key FROM {_names.Outbox} s FORCE INDEX (PRIMARY)
            WHERE {marks.IsOfRows("s")} AND s.ordering_key IS NOT NULL
            """;
        await using var command = new MySqlCommand(
            $"{MySqlTransactions.Begin}{_marks.Update(marks, set)}; SELECT ROW_COUNT(); {(mayHaveKeys ? _search.FindNext(keys) : "COMMIT")}",
            connection);
        marks.AddParameters(command.Parameters);
        var answer = await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken);
        if (mayHaveKeys)
        {
            await CommitAsync(connection, answer[1..], cancellationToken);
        }

        return answer[0] == marks.Count ? null : [];
    }

    // A row that is gone tells nothing any more: which rows are deleted, and their keys, is read first.
    private async Task<HashSet<int>?> DeleteAsync(MySqlConnection connection, MarkTable marks, CancellationToken cancellationToken)
    {
        await using var find = new MySqlCommand($"{MySqlTransactions.Begin}{_marks.Held(marks)}", connection);
        marks.AddParameters(find.Parameters);
        var rows = await find.ReadCommittedAsync(
            row => (
                Place: row.IsDBNull(0) ? (int?)null : (int)row.GetInt64(0),
                RowId: row.GetInt64(1),
                Key: row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2)),
            cancellationToken);
        List<OrderingKey> keys = [.. rows.Select(row => row.Key).OfType<byte[]>().Select(OrderingKey.Of).Distinct()];
        var delete = rows.Count == 0 ? "" : $"{Delete(rows.Select(row => row.RowId))}; ";
        await using var command = new MySqlCommand($"{delete}{(keys.Count == 0 ? "COMMIT" : FindNext(keys))}", connection);
        AddKeys(command.Parameters, keys);
        var next = await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken);
        if (keys.Count > 0)
        {
            await CommitAsync(connection, next, cancellationToken);
        }

        return rows.Count == marks.Count ? null : [.. rows.Select(row => row.Place ?? marks.PlaceOf(row.RowId))];
    }

    private async Task CommitAsync(MySqlConnection connection, List<long> next, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand($"{_search.Wake(next)}COMMIT", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Finds the next rows of keys that wait; the keys are <see cref="AddKeys"/>'s parameters.</summary>
    private string FindNext(List<OrderingKey> keys) =>
        _search.FindNext(string.Join(" UNION ALL ", keys.Select((_, i) => $"SELECT {KeyName(i)} AS ordering_key")));

    private static void AddKeys(MySqlParameterCollection parameters, List<OrderingKey> keys)
    {
        foreach (var (i, key) in keys.Index())
        {
            parameters.AddWithValue(KeyName(i), key.Bytes);
        }
    }

    private static string KeyName(int i) => string.Create(CultureInfo.InvariantCulture, $"@key{i}");

    private async Task<HashSet<int>> ReadPlacesAsync(
        MySqlConnection connection, MarkTable marks, string condition, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(_marks.Places(marks, condition), connection);
        marks.AddParameters(command.Parameters);
        return [.. await command.ReadCommittedAsync(row => (int)row.GetInt64(0), cancellationToken)];
    }

    /// <summary>The numbers of the rows that have these ids.</summary>
    private async Task<Dictionary<string, long>> FindNumbersAsync(MySqlConnection connection, string[] eventIds, CancellationToken cancellationToken)
    {
        if (eventIds.Length == 0)
        {
            return [];
        }

        await using var command = new MySqlCommand(
            $"""
            SELECT event_id, row_id FROM {_names.Outbox} FORCE INDEX ({_names.EventIdKey})
            WHERE event_id IN ({string.Join(',', eventIds.Select((_, i) => IdName(i)))})
            """,
            connection);
        foreach (var (i, eventId) in eventIds.Index())
        {
            command.Parameters.Add(Parameters.Bytes(IdName(i), eventId));
        }

        var rows = await command.ReadCommittedAsync(row => KeyValuePair.Create(Columns.Text(row, 0)!, row.GetInt64(1)), cancellationToken);
        return new Dictionary<string, long>(rows, StringComparer.Ordinal);

        static string IdName(int i) => string.Create(CultureInfo.InvariantCulture, $"@id{i}");
    }
}
