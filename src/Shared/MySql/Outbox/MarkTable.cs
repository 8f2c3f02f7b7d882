using System.Globalization;
using MySqlConnector;
using Relaybox.Outbox;

namespace Relaybox.MySql;

/// <summary>Marks as a table <c>m</c> in a statement: place, row_id, token, attempts, delay, error_code and error_message.</summary>
internal sealed class MarkTable
{
    /// <summary>The most bytes of a statement of marks without what each of them adds.</summary>
    internal const int SizeWithoutMarks = 4 * 1024;

    // Of a mark's numbers and words, and of its row's number in the lists of the statement.
    private const int SizeOfNumbers = 400;

    // An ordering key of 255 characters, each of four bytes, which may all be escaped; a deleted row's key is looked for.
    private const int SizeOfKey = 2100;

    private readonly List<long> _rowIds = [];
    private readonly List<string?> _texts = [];
    private readonly List<Func<int, string>> _rows = [];
    private readonly HashSet<string?> _tokens = [];

    /// <summary>The table, with its alias.</summary>
    internal string Sql => $"({string.Join(" UNION ALL ", _rows.Select((row, place) => row(place)))}) m";

    internal int Count => _rowIds.Count;

    /// <summary>The token in SQL where all marks have one and the same; otherwise null.</summary>
    internal string? CommonToken => _tokens.Count == 1 && _tokens.Single() is { } token ? Parameter(token) : null;

    /// <summary>Whether a row is one of the marks': the same as the join says, so that no plan reads the table for it.</summary>
    /// <param name="alias">The outbox's alias.</param>
    internal string IsOfRows(string alias) => $"{alias}.row_id IN ({OutboxColumns.In(_rowIds.Distinct().Order())})";

    /// <summary>The place of a row's only mark.</summary>
    internal int PlaceOf(long rowId) => _rowIds.IndexOf(rowId);

    /// <summary>The most bytes that a mark adds to any of its statements.</summary>
    /// <param name="mark">The mark.</param>
    /// <param name="deletes">Whether it deletes its row.</param>
    internal static long SizeOf(RetryMark mark, bool deletes) =>
        SizeOfNumbers + StatementSize.Of(mark.Token.Value) + StatementSize.Of(mark.ErrorCode) + StatementSize.Of(mark.ErrorMessage)
        + StatementSize.Of(mark.EventId) + (deletes ? SizeOfKey : 0);

    /// <summary>Adds a mark. The first one gives the columns their types.</summary>
    /// <param name="rowId">Its row's number.</param>
    /// <param name="mark">The mark.</param>
    internal void Add(long rowId, RetryMark mark)
    {
        _rowIds.Add(rowId);
        _tokens.Add(mark.Token.Value);
        _rows.Add(place => string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT {place} AS place, {rowId} AS row_id, {Text(mark.Token.Value)} COLLATE utf8mb4_bin AS token, {mark.Attempts} AS attempts,
            {(long)mark.Delay.TotalMicroseconds} AS delay, {Text(mark.ErrorCode)} AS error_code, {Text(mark.ErrorMessage)} AS error_message
            """));
    }

    /// <summary>Adds the parameters of what was asked for: after the statement is made.</summary>
    internal void AddParameters(MySqlParameterCollection parameters)
    {
        foreach (var (i, text) in _texts.Index())
        {
            parameters.AddWithValue(Name(i), text);
        }
    }

    private string Text(string? text) =>
        text is null ? "CAST(NULL AS CHAR CHARACTER SET utf8mb4)" : $"CONVERT({Parameter(text)} USING utf8mb4)";

    // The same text is one parameter: most marks of a batch have one token.
    private string Parameter(string text)
    {
        var i = _texts.LastIndexOf(text);
        if (i < 0)
        {
            i = _texts.Count;
            _texts.Add(text);
        }

        return Name(i);
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"@m{i}");
}
