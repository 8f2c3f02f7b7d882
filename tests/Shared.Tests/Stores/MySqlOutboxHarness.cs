using System.Text;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of its own in a schema of its own, without the constraints that keep bad rows out.</summary>
internal sealed class MySqlOutboxHarness : SqlOutboxHarness
{
    private static readonly string[] Required =
    [
        "subject VARCHAR(255)", "payload LONGTEXT", "status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT 'pending'",
        "enqueued_at DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))", "available_at DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))",
    ];

    private MySqlOutboxHarness(MySqlSchema schema)
        : base(schema, schema.Options.AfterSending)
    {
        Schema = schema;
        Repository = CreateRepository();
    }

    public MySqlSchema Schema { get; }

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new MySqlOutboxOperations(new MySqlConnections(Schema.DataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    public static async Task<MySqlOutboxHarness> CreateAsync(MySqlServer server, MySqlOptions? options = null) =>
        new(await MySqlSchema.CreateAsync(
            server, options, $"ALTER TABLE {{{{outbox}}}} {string.Join(", ", Required.Select(column => $"MODIFY {column}"))}"));

    public override IOutboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public MySqlOutboxRepository CreateRepository(MySqlDataSource dataSource) =>
        new(new MySqlConnections(dataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    protected override object Id(string eventId) => Encoding.UTF8.GetBytes(eventId);
}
