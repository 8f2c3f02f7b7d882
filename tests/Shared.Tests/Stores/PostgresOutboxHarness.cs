using Npgsql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of its own in a schema of its own, without the constraints that keep bad rows out.</summary>
internal sealed class PostgresOutboxHarness : SqlOutboxHarness
{
    private static readonly string[] Required = ["subject", "payload", "status", "enqueued_at", "available_at"];

    private PostgresOutboxHarness(PostgresSchema schema)
        : base(schema, schema.Options.AfterSending)
    {
        Schema = schema;
        Repository = CreateRepository();
    }

    public PostgresSchema Schema { get; }

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new PostgresOutboxOperations(new PostgresConnections(Schema.DataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsNul => false;

    /// <inheritdoc cref="PostgresSchema.CreateAsync"/>
    public static async Task<PostgresOutboxHarness> CreateAsync(PostgresServer server, PostgresOptions? options = null, string use = "") =>
        new(await PostgresSchema.CreateAsync(
            server,
            options,
            $"ALTER TABLE {{{{outbox}}}} {string.Join(", ", Required.Select(column => $"ALTER COLUMN {column} DROP NOT NULL"))}",
            use));

    public override IOutboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public PostgresOutboxRepository CreateRepository(NpgsqlDataSource dataSource) =>
        new(new PostgresConnections(dataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    protected override IReadOnlyList<string> Tables => ["{{outbox}}", "{{outbox.sent}}"];
}
