using Relaybox.Outbox;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An outbox of its own in a schema of its own, without the constraints that keep bad rows out.</summary>
/// <param name="schema">The schema.</param>
/// <param name="afterSending">What becomes of rows that were sent.</param>
internal abstract class SqlOutboxHarness(SqlSchema schema, AfterSending afterSending) : OutboxHarness
{
    private TimeSpan _passed;

    public override bool KeepsSentRows => afterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    /// <summary>Where rows are.</summary>
    protected virtual IReadOnlyList<string> Tables => ["{{outbox}}"];

    /// <summary>An event's id, as the database takes it.</summary>
    protected virtual object Id(string eventId) => eventId;

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        await schema.PassAsync(time);
    }

    public override async Task WriteAsync(RawRow row)
    {
        var isClaimed = row.Status == "publishing";
        var values = new Dictionary<string, object?>
        {
            ["event_id"] = Id(row.EventId),
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
        await schema.ExecuteAsync(
            $$$"""
            INSERT INTO {{outbox}} ({{{string.Join(", ", written.Select(value => value.Key))}}})
            VALUES ({{{string.Join(", ", written.Select((_, i) => schema.Parameter(i + 1)))}}})
            """,
            [.. written.Select(value => value.Value)]);
    }

    public override Task DeleteAsync(string eventId) =>
        schema.ExecuteAsync($"DELETE FROM {{{{outbox}}}} WHERE event_id = {schema.Parameter(1)}", Id(eventId));

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId)
    {
        var found = await Task.WhenAll(
            Tables.Select(table => schema.QueryAsync($"SELECT * FROM {table} WHERE event_id = {schema.Parameter(1)}", Id(eventId))));
        return found.SelectMany(rows => rows).SingleOrDefault();
    }

    public override ValueTask DisposeAsync() => schema.DisposeAsync();
}
