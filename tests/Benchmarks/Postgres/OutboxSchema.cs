using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Postgres;

/// <summary>An outbox of its own in the database, and the product's relay on it.</summary>
internal sealed class OutboxSchema(BenchDatabase database, PostgresOptions options)
{
    public PostgresOptions Options => options;

    public string Table => $"\"{options.Schema}\".\"{options.OutboxTable}\"";

    public static async Task<OutboxSchema> CreateAsync(
        BenchDatabase database, string schema, AfterSending afterSending, CancellationToken cancellationToken) =>
        new(database, await database.MigrateAsync(schema, afterSending, cancellationToken));

    public PostgresOutboxRepository Repository() =>
        new(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public OutboxRelay Relay(IMessagePublisher publisher, RelayOptions? relayOptions = null) =>
        new(Repository(), publisher, relayOptions ?? new RelayOptions(), SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance);

    /// <summary>Empties the table and fills it with rows that are due, as an app would have written them.</summary>
    public async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        await AddAsync(rows, cancellationToken);
        await database.ExecuteAsync($"VACUUM (ANALYZE) {Table}", cancellationToken);
    }

    public Task AddAsync(long rows, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            INSERT INTO {Table} (event_id, subject, payload)
            SELECT gen_random_uuid()::text, 'orders.placed', {BenchPayload.Sql} FROM generate_series(1, {rows})
            """,
            cancellationToken);

    /// <summary>Adds rows that were sent 30 days ago and before.</summary>
    public Task AddSentAsync(long rows, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            INSERT INTO {Table} (event_id, subject, payload, status, enqueued_at, available_at, sent_at)
            SELECT gen_random_uuid()::text, 'orders.placed', {BenchPayload.Sql}, 'sent', at, at, at
            FROM (SELECT now() - interval '30 days' - n * interval '1 millisecond' AS at FROM generate_series(1, {rows}) n) sent
            """,
            cancellationToken);

    /// <summary>Relays everything.</summary>
    /// <exception cref="InvalidOperationException">Not so many rows were sent.</exception>
    public Task DrainAsync(OutboxRelay relay, long rows, CancellationToken cancellationToken) => DrainAsync([relay], rows, cancellationToken);

    /// <summary>Relays everything by several relays at once.</summary>
    /// <exception cref="InvalidOperationException">Not so many rows were sent.</exception>
    public async Task DrainAsync(IReadOnlyList<OutboxRelay> relays, long rows, CancellationToken cancellationToken)
    {
        var deadline = WorkDeadline.After(TimeSpan.FromMinutes(30), TimeProvider.System);
        var results = await Task.WhenAll(relays.Select(relay => Task.Run(() => relay.DrainAsync(deadline, cancellationToken), cancellationToken)));
        if (results.Sum(result => result.Sent) != rows)
        {
            throw new InvalidOperationException($"{options.Schema}: {results.Sum(result => result.Sent)} of {rows} rows were sent.");
        }
    }
}
