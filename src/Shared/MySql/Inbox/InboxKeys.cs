using System.Globalization;
using MySqlConnector;
using Relaybox.Inbox;

namespace Relaybox.MySql;

/// <summary>Keys of records, and the tokens of their claims, as parameters of a statement.</summary>
/// <param name="parameters">The statement's parameters.</param>
internal sealed class InboxKeys(MySqlParameterCollection parameters)
{
    // The names, commas and the words of a row of the table.
    private const int SizeOfWords = 400;

    private readonly List<InboxKey> _keys = [];

    /// <summary>
    /// The keys as a table: place, event_id, consumer, replay_id, token. A statement that begins with it finds each record by its
    /// primary key.
    /// </summary>
    internal string Table => $"({string.Join(" UNION ALL ", Enumerable.Range(0, _keys.Count).Select(static place => string.Create(
        CultureInfo.InvariantCulture,
        $"SELECT {place} AS place, @e{place} AS event_id, @c{place} AS consumer, @r{place} AS replay_id, @t{place} AS token")))})";

    /// <summary>
    /// That a record of a table is claimed under one of the tokens. The server reads lists faster than <see cref="Table"/>. A token belongs
    /// to one record, so that the lists together mean no other.
    /// </summary>
    internal string IsClaimed =>
        $"""
        event_id IN ({Names("@e", key => key.EventId)}) AND consumer IN ({Names("@c", key => key.Consumer)})
        AND replay_id IN ({Names("@r", key => key.ReplayId)}) AND claim_token IN ({Tokens})
        """;

    /// <summary>Adds a key.</summary>
    /// <returns>
    /// Its place, with which the names of its parameters end: <c>@e</c> event id, <c>@c</c> consumer, <c>@r</c> replay id, <c>@t</c> token.
    /// </returns>
    internal int Add(InboxKey key, string token)
    {
        var place = _keys.Count;
        _keys.Add(key);
        parameters.Add(Parameters.Bytes(Name("@e", place), key.EventId));
        parameters.Add(Parameters.Bytes(Name("@c", place), key.Consumer));
        parameters.Add(Parameters.Bytes(Name("@r", place), key.ReplayId));
        parameters.Add(Parameters.Bytes(Name("@t", place), token));
        return place;
    }

    /// <summary>The most bytes that a key and its token add to a statement where each stands once.</summary>
    internal static long SizeOf(InboxKey key) =>
        StatementSize.Of(key.EventId) + StatementSize.Of(key.Consumer) + StatementSize.Of(key.ReplayId) + SizeOfWords;

    private string Tokens => string.Join(", ", _keys.Select((_, place) => Name("@t", place)));

    // The parameters of this name, each value once.
    private string Names(string name, Func<InboxKey, string> valueOf) => string.Join(
        ", ", _keys.Index().DistinctBy(key => valueOf(key.Item), StringComparer.Ordinal).Select(key => Name(name, key.Index)));

    /// <summary>The name of a parameter of a key.</summary>
    internal static string Name(string name, int place) => string.Create(CultureInfo.InvariantCulture, $"{name}{place}");
}
