using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox and a table of orders in a schema of their own.</summary>
internal sealed class PostgresWriterHarness : SqlWriterHarness
{
    private readonly int _port;
    private string? _role;

    private PostgresWriterHarness(PostgresSchema schema, int port)
        : base(schema)
    {
        (Schema, _port) = (schema, port);
        Outbox = new PostgresOutboxRepository(
            new PostgresConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
        Writer = Over(schema.DataSource, schema);
    }

    public PostgresSchema Schema { get; }

    public override IOutboxRepository Outbox { get; }

    public override SqlWriter Writer { get; }

    public override string Commit => "COMMIT\0";

    /// <param name="server">The server.</param>
    /// <param name="orders">The table of orders, where it is another.</param>
    public static async Task<PostgresWriterHarness> CreateAsync(PostgresServer server, string orders = Orders) =>
        new(await PostgresSchema.CreateAsync(server, more: orders), server.Port);

    public override async Task<IReadOnlyList<string>> IdsOfKeyAsync(string key) =>
    [
        .. (await Schema.QueryAsync("SELECT event_id FROM {{outbox}} WHERE ordering_key = $1 ORDER BY row_id", key)).Select(row => row["event_id"]),
    ];

    public override async Task<SqlWriter> CreateInsertingWriterAsync(int mostConnections = 20)
    {
        _role = $"app_{Guid.NewGuid():N}";
        await Schema.ExecuteAsync(
            $$$"""
            CREATE ROLE {{{_role}}} LOGIN;
            GRANT USAGE ON SCHEMA {{schema}} TO {{{_role}}};
            GRANT INSERT ON {{outbox}} TO {{{_role}}};
            GRANT USAGE ON SEQUENCE {{outbox.row_ids}} TO {{{_role}}};
            GRANT INSERT ON {{schema}}.orders TO {{{_role}}};
            """);
        return Over(Schema.Connect(settings => (settings.Username, settings.MaxPoolSize) = (_role, mostConnections)), Schema);
    }

    public override Task AllowToCompareAsync() => Schema.ExecuteAsync($"GRANT EXECUTE ON FUNCTION {{{{outbox.is_same}}}} TO {_role}");

    public override WireProxy CreateProxy() => new PostgresProxy(_port);

    public override SqlWriter CreateWriter(WireProxy proxy) => Over(Schema.Connect(settings => settings.Port = proxy.Port), Schema);

    public override Task CrashAsync(WireProxy.Wire wire) => PostgresProxy.CrashAsync(wire);

    // Only once the server has noticed that its client is gone has it rolled back for good.
    public override Task SettleAsync() => Eventually.TrueAsync(
        async () => await Schema.ScalarAsync(
            "SELECT count(*) FROM pg_locks WHERE relation = '{{outbox}}'::regclass AND mode = 'RowExclusiveLock'") is 0L,
        "nobody writes any more");

    public override Task SomebodyWaitsForAKeyAsync() => Eventually.TrueAsync(
        async () => await Schema.ScalarAsync(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = '{{outbox}}'::regclass::oid") is 1L,
        "the second writer waits");

    public override bool NamesConstraint(Exception exception, string constraint) =>
        exception is PostgresException e && e.ConstraintName == (constraint == "orders" ? "orders_pkey" : constraint);

    public override async ValueTask DisposeAsync()
    {
        if (_role is not null)
        {
            await Schema.ExecuteAsync($"DROP OWNED BY {_role}; DROP ROLE {_role}");
        }

        await Schema.DisposeAsync();
    }

    private static WriterOf<NpgsqlTransaction> Over(NpgsqlDataSource source, PostgresSchema schema) =>
        new(schema, new PostgresOutboxWriter(source, schema.Options), source, isOwned: source != schema.DataSource);
}
