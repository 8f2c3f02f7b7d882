using Npgsql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of its own in a schema of its own, without the constraints that keep bad rows out.</summary>
internal sealed class PostgresOutboxHarness : OutboxHarness
{
    private static readonly string[] Required = ["subject", "payload", "status", "enqueued_at", "available_at"];

    private TimeSpan _passed;

    private PostgresOutboxHarness(PostgresSchema schema)
    {
        Schema = schema;
        Repository = CreateRepository();
    }

    public PostgresSchema Schema { get; }

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new PostgresOutboxOperations(new PostgresConnections(Schema.DataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsNul => false;

    public override bool KeepsSentRows => Schema.Options.AfterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    public static async Task<PostgresOutboxHarness> CreateAsync(PostgresServer server, PostgresOptions? options = null)
    {
        var schema = await PostgresSchema.CreateAsync(server, options);
        foreach (var column in Required)
        {
            await schema.ExecuteAsync($"ALTER TABLE {{{{outbox}}}} ALTER COLUMN {column} DROP NOT NULL");
        }

        return new PostgresOutboxHarness(schema);
    }

    public override IOutboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public PostgresOutboxRepository CreateRepository(NpgsqlDataSource dataSource) =>
        new(new PostgresConnections(dataSource), Schema.Options, TimeProvider.System, SystemEntropy.Instance);

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
            ["event_id"] = row.EventId,
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
            VALUES ({{{string.Join(", ", written.Select((_, i) => $"${i + 1}"))}}})
            """,
            [.. written.Select(value => value.Value)]);
    }

    public override Task DeleteAsync(string eventId) =>
        Schema.ExecuteAsync("DELETE FROM {{outbox}} WHERE event_id = $1", eventId);

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) =>
        (await Schema.QueryAsync("SELECT * FROM {{outbox}} WHERE event_id = $1", eventId))
        .Concat(await Schema.QueryAsync("SELECT * FROM {{outbox.sent}} WHERE event_id = $1", eventId)).SingleOrDefault();

    public override ValueTask DisposeAsync() => Schema.DisposeAsync();
}
