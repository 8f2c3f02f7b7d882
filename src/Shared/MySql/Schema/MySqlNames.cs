using Relaybox.Settings;

namespace Relaybox.MySql;

/// <summary>The names that <see cref="MySqlOptions"/> give, quoted, as they stand in SQL.</summary>
internal sealed class MySqlNames
{
    /// <summary>The table that records which files of the schema were applied.</summary>
    internal const string MigrationsTable = "migrations";

    private readonly MySqlOptions _options;

    /// <exception cref="SettingsException">Two tables have one name.</exception>
    internal MySqlNames(MySqlOptions options)
    {
        string[] tables =
        [
            options.OutboxTable, MySqlIdentifier.Derive(options.OutboxTable, "keys"), options.InboxTable, options.JobsTable, MigrationsTable,
        ];

        // Whether names differ in case depends on the server's files.
        if (tables.Distinct(StringComparer.OrdinalIgnoreCase).Count() < tables.Length)
        {
            throw new SettingsException([$"The tables need different names; they are {string.Join(", ", tables)}."]);
        }

        _options = options;
    }

    /// <summary>The database of the tables.</summary>
    internal string Schema => MySqlIdentifier.Quote(_options.Schema);

    internal string Outbox => Qualify(_options.OutboxTable);

    /// <summary>
    /// The outbox, whose rows are found by their numbers. Of a small table the server would read all rows instead, lock them, and wait for
    /// those that somebody else has locked.
    /// </summary>
    internal string OutboxByNumber => $"{Outbox} FORCE INDEX (PRIMARY)";

    /// <summary>The outbox, whose rows are found by their queue; see <see cref="OutboxByNumber"/>.</summary>
    internal string OutboxByQueue => $"{Outbox} FORCE INDEX (queue)";

    /// <summary>The key of the outbox on the ids of events.</summary>
    internal string EventIdKey => MySqlIdentifier.Quote(MySqlIdentifier.Derive(_options.OutboxTable, "event_id"));

    /// <summary>The last number of each bucket of ordering keys.</summary>
    internal string Keys => Of(_options.OutboxTable, "keys");

    /// <summary>The numbers (<c>k</c>), each with the highest number of a row of its keys that is not sent (<c>held.highest</c>).</summary>
    internal string KeysAndHighest =>
        $"""
        {Keys} k
        JOIN (SELECT CRC32(o.held_key) & 1023 AS bucket, MAX(o.key_number) AS highest
              FROM {Outbox} o WHERE o.held_key IS NOT NULL GROUP BY CRC32(o.held_key) & 1023) held ON held.bucket = k.bucket
        """;

    /// <summary>The procedure that takes the locks of several ordering keys.</summary>
    internal string LockKeys => Of(_options.OutboxTable, "lock_keys");

    /// <summary>The procedure that compares an event with the row of its id.</summary>
    internal string IsSame => Of(_options.OutboxTable, "is_same");

    internal string Inbox => Qualify(_options.InboxTable);

    /// <summary>The procedure that completes a claim in its handler's transaction.</summary>
    internal string InboxComplete => Of(_options.InboxTable, "complete");

    internal string Jobs => Qualify(_options.JobsTable);

    internal string Migrations => Qualify(MigrationsTable);

    /// <summary>The server's time.</summary>
    internal string Now => _options.Now;

    /// <summary>Every table of the system.</summary>
    internal IEnumerable<string> All => [Outbox, Keys, Inbox, Jobs, Migrations];

    /// <summary>Every procedure of the system, as a GRANT names it.</summary>
    internal IEnumerable<string> Procedures => [$"PROCEDURE {LockKeys}", $"PROCEDURE {IsSame}", $"PROCEDURE {InboxComplete}"];

    /// <summary>The tables in words, to tell one set from another.</summary>
    internal string Tables => $"{_options.OutboxTable}, {_options.InboxTable}, {_options.JobsTable}";

    /// <summary>A table or procedure of the schema.</summary>
    internal string Qualify(string name) => $"{Schema}.{MySqlIdentifier.Quote(name)}";

    /// <summary>Fills in a placeholder of a schema file: see README.md beside this file.</summary>
    internal string Fill(string placeholder)
    {
        switch (placeholder)
        {
            case "schema":
                return Schema;
            case "now":
                return Now;
        }

        var (name, suffix) = placeholder.IndexOfAny(['.', ':']) is var at and >= 0
            ? (placeholder[..at], placeholder[(at + 1)..])
            : (placeholder, "");
        var table = name switch
        {
            "outbox" => _options.OutboxTable,
            "inbox" => _options.InboxTable,
            "jobs" => _options.JobsTable,
            _ => throw new InvalidOperationException($"Nothing is known to fill in for '{placeholder}'."),
        };
        return suffix.Length == 0 ? Qualify(table)
            : placeholder.Contains(':', StringComparison.Ordinal) ? MySqlIdentifier.Quote(MySqlIdentifier.Derive(table, suffix))
            : Of(table, suffix);
    }

    private string Of(string table, string suffix) => Qualify(MySqlIdentifier.Derive(table, suffix));
}
