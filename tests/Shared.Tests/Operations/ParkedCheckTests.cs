using Relaybox.Operations;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>What the doctor says of rows that wait for an operator.</summary>
public sealed class ParkedCheckTests(PostgresServer server)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parked_rows_are_told_until_they_are_shelved_and_keys_until_they_are_skipped()
    {
        await using var store = await PostgresOutboxHarness.CreateAsync(server);
        Assert.Empty(await FindAsync(store));

        await ParkAsync(store, "a", null);
        await ParkAsync(store, "b", "one");
        await ParkAsync(store, "c", "two");
        Assert.Equal(["parked.rows: 3 rows are parked", "parked.keys: 2 ordering keys are blocked by a parked row"], await FindAsync(store));

        // A shelved row still holds its key back.
        await ActAsync(store, RowAction.Shelve, "a", "b", "c");
        Assert.Equal(["parked.keys: 2 ordering keys are blocked by a parked row"], await FindAsync(store));

        await ActAsync(store, RowAction.Skip, "b", "c");
        Assert.Empty(await FindAsync(store));
    }

    [Fact]
    public async Task More_rows_than_are_looked_at_are_at_least_so_many()
    {
        await using var store = await PostgresOutboxHarness.CreateAsync(server);
        await store.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, status, failed_at)
            SELECT 'e-' || n, 's', '{}', 'failed', now() FROM generate_series(1, 201) n
            """);

        Assert.Equal(["parked.rows: At least 200 rows are parked"], await FindAsync(store));
    }

    private static async Task<IEnumerable<string>> FindAsync(PostgresOutboxHarness store) =>
        (await new ParkedCheck(store.Repository, store.Operations).FindAsync(Ct)).Select(finding => $"{finding.Id}: {finding.Text.Split(':')[0]}");

    private static async Task ParkAsync(PostgresOutboxHarness store, string eventId, string? key)
    {
        await store.Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = key }, Ct);
        var claim = await store.Repository.MarkAsPublishingAsync(eventId, Lease, Ct);
        await store.Repository.ParkAsync([new(eventId, claim!.Token, 1, "publish.rejected", "no")], Ct);
    }

    private static async Task ActAsync(PostgresOutboxHarness store, RowAction action, params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            var version = RowVersion.Of((await store.Repository.FindAsync(eventId, Ct))!);
            Assert.Single((await store.Operations.ApplyAsync(action, [version], Ct)).Applied);
        }
    }
}
