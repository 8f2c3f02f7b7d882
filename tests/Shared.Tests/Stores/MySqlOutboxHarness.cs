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
internal sealed class MySqlOutboxHarness : OutboxHarness
{
    private static readonly string[] Required =
    [
        "subject VARCHAR(255)", "payload LONGTEXT", "status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT 'pending'",
        "enqueued_at DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))", "available_at DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))",
    ];

    private TimeSpan _passed;

    private MySqlOutboxHarness(MySqlSchema schema)
    {
        Schema = schema;
        Repository = CreateRepository();
    }

    public MySqlSchema Schema { get; }

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new MySqlOutboxOperations(new MySqlConnections(Schema.DataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsSentRows => Schema.Options.AfterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    public static async Task<MySqlOutboxHarness> CreateAsync(MySqlServer server, MySqlOptions? options = null)
    {
        var schema = await MySqlSchema.CreateAsync(server, options);
        await schema.ExecuteAsync($"ALTER TABLE {{{{outbox}}}} {string.Join(", ", Required.Select(column => $"MODIFY {column}"))}");
        return new MySqlOutboxHarness(schema);
    }

    public override IOutboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public MySqlOutboxRepository CreateRepository(MySqlDataSource dataSource) =>
        new(new MySqlConnections(dataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        await Schema.PassAsync(time);
    }

    public override async Task WriteAsync(RawRow row)
    {
        var isClaimed = row.Status == "publishing";
        var values = new Dictionary<string, object?>
        {
            ["event_id"] = Encoding.UTF8.GetBytes(row.EventId),
            ["status"] = row.Status,
            ["subject"] = row.Subject,
            ["payload"] = row.Payload,
            ["enqueued_at"] = row.EnqueuedAt,
            ["available_at"] = isClaimed ? row.AvailableAt : row.DueAt ?? row.AvailableAt,
            ["claimed_at"] = row.ClaimedAt,
            ["claim_token"] = row.Token,
            ["lease_until"] = isClaimed ? row.DueAt : null,
            ["sent_at"] = row.SentAt,
            ["failed_at"] = row.FailedAt,
        };

        // What has a default is left out rather than null: the row is as an app would write it.
        var written = values.Where(value => value.Value is not null || value.Key is "status" or "subject" or "payload").ToList();
        await Schema.ExecuteAsync(
            $$$"""
            INSERT INTO {{outbox}} ({{{string.Join(", ", written.Select(value => value.Key))}}})
            VALUES ({{{string.Join(", ", written.Select(_ => "?"))}}})
            """,
            [.. written.Select(value => value.Value)]);
    }

    public override Task DeleteAsync(string eventId) =>
        Schema.ExecuteAsync("DELETE FROM {{outbox}} WHERE event_id = ?", Encoding.UTF8.GetBytes(eventId));

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) =>
        (await Schema.QueryAsync("SELECT * FROM {{outbox}} WHERE event_id = ?", Encoding.UTF8.GetBytes(eventId))).SingleOrDefault();

    public override ValueTask DisposeAsync() => Schema.DisposeAsync();
}
