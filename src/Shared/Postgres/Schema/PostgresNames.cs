using System.Globalization;
using Relaybox.Inbox;
using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>The names that <see cref="PostgresOptions"/> give, quoted, as they stand in SQL.</summary>
internal sealed class PostgresNames
{
    /// <summary>The table that records which files of the schema were applied.</summary>
    internal const string MigrationsTable = "migrations";

    private readonly PostgresOptions _options;

    /// <exception cref="SettingsException">Two tables have one name.</exception>
    internal PostgresNames(PostgresOptions options)
    {
        _options = options;
        string[] tables = [options.OutboxTable, SentTable(options), options.InboxTable, options.JobsTable, MigrationsTable];
        if (tables.Distinct(StringComparer.Ordinal).Count() < tables.Length)
        {
            throw new SettingsException([$"The tables need different names; they are {string.Join(", ", tables)}."]);
        }
    }

    internal string Schema => PostgresIdentifier.Quote(_options.Schema);

    internal string Outbox => Qualify(_options.OutboxTable);

    internal string Inbox => Qualify(_options.InboxTable);

    internal string Jobs => Qualify(_options.JobsTable);

    internal string Migrations => Qualify(MigrationsTable);

    /// <summary>Where sent rows are moved.</summary>
    internal string Sent => Qualify(SentTable(_options));

    /// <summary>Finds the first unsent row of each key.</summary>
    internal string Heads => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "heads"));

    /// <summary>Finds the first unsent row of each key that has a due one.</summary>
    internal string DueHeads => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "due_heads"));

    /// <summary>Claims due rows without a key.</summary>
    internal string ClaimPlain => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "claim_plain"));

    /// <summary>Locks due rows without a key, and marks them as sent.</summary>
    internal string LockPlain => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "lock_plain"));

    /// <summary>Tells how many bytes of a row a claim reads.</summary>
    internal string Octets => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "octets"));

    /// <summary>Tells which share of a claim a row takes.</summary>
    internal string ClaimCost => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "claim_cost"));

    /// <summary>Marks claimed rows as sent.</summary>
    internal string MarkSent => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "mark_sent"));

    /// <summary>Tells how long it is until a row is due.</summary>
    internal string UntilDue => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "until_due"));

    /// <summary>Announces that a relay waits to be notified, and then tells the same.</summary>
    internal string Await => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "await"));

    /// <summary>Claims the messages of a batch.</summary>
    internal string InboxClaim => Qualify(PostgresIdentifier.Derive(_options.InboxTable, "claim"));

    /// <summary>Completes claims together.</summary>
    internal string InboxMark => Qualify(PostgresIdentifier.Derive(_options.InboxTable, "mark"));

    /// <summary>Completes a claim in the transaction of its handler.</summary>
    internal string InboxComplete => Qualify(PostgresIdentifier.Derive(_options.InboxTable, "complete"));

    /// <summary>Takes the locks of ordering keys, in the order in which everybody takes them.</summary>
    internal string LockKeys => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "lock_keys"));

    /// <summary>Tells whether the row of an id says the same as an event.</summary>
    internal string IsSame => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "is_same"));

    /// <summary>The sequence that numbers the rows of the outbox.</summary>
    internal string RowIds => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "row_ids"));

    /// <summary>One row where the sequence gives numbers that rows have already, and none otherwise: what stands behind a SELECT.</summary>
    internal string SequenceIsBehind =>
        $"FROM {RowIds} s WHERE (SELECT max(o.row_id) FROM {Outbox} o) >= s.last_value + s.is_called::integer";

    /// <summary>Keeps the partitions of <see cref="Sent"/>.</summary>
    internal string SentUpkeep => Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "sent_upkeep"));

    /// <summary>Every table of the system.</summary>
    internal IEnumerable<string> All =>
        [Outbox, Sent, Qualify(PostgresIdentifier.Derive(_options.OutboxTable, "sent_other")), Inbox, Jobs, Migrations];

    /// <summary>The channel on which the outbox announces new rows, as it is given to LISTEN, unquoted.</summary>
    internal string Channel => string.Create(
        CultureInfo.InvariantCulture, $"relaybox_{SqlIdentifier.Hash($"{_options.Schema}.{_options.OutboxTable}"):x8}");

    /// <summary>The tables in words, to tell one set from another.</summary>
    internal string Tables => $"{_options.OutboxTable}, {_options.InboxTable}, {_options.JobsTable}";

    /// <summary>A table, function or sequence of the schema.</summary>
    internal string Qualify(string name) => $"{Schema}.{PostgresIdentifier.Quote(name)}";

    /// <summary>Fills in a placeholder of a schema file: see README.md beside this file.</summary>
    internal string Fill(string placeholder)
    {
        var (name, kind, suffix) = placeholder.AsSpan().IndexOfAny(':', '.') is var at and >= 0
            ? (placeholder[..at], placeholder[at], placeholder[(at + 1)..])
            : (placeholder, ' ', "");
        if (name is "schema" or "channel")
        {
            return (name, kind) switch
            {
                ("schema", ' ') => Schema,
                ("channel", ' ') => $"'{Channel}'",
                _ => throw Unknown(placeholder),
            };
        }

        var table = name switch
        {
            "outbox" => _options.OutboxTable,
            "inbox" => _options.InboxTable,
            "jobs" => _options.JobsTable,
            _ => throw Unknown(placeholder),
        };
        return kind switch
        {
            ' ' => Qualify(table),
            ':' => PostgresIdentifier.Quote(PostgresIdentifier.Derive(table, suffix)),
            _ => Qualify(PostgresIdentifier.Derive(table, suffix)),
        };
    }

    private static string SentTable(PostgresOptions options) => PostgresIdentifier.Derive(options.OutboxTable, "sent");

    private static InvalidOperationException Unknown(string placeholder) => new($"Nothing is known to fill in for '{placeholder}'.");
}
