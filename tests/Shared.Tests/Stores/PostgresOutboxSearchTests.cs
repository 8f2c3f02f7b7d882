using Relaybox.Outbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Claims of PostgreSQL find what can be relayed among thousands of rows that cannot: of keys that wait for their time, and behind a row of
/// their key.
/// </summary>
public sealed class PostgresOutboxSearchTests(PostgresServer server) : IAsyncLifetime
{
    private const int Many = 12_000;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private PostgresOutboxHarness? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PostgresSchema Schema => _store!.Schema;

    public async ValueTask InitializeAsync() => _store = await PostgresOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store!.DisposeAsync();

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task One_claim_finds_a_due_row_among_any_that_wait(bool keysWait, bool rowsAreBehindOne)
    {
        await FillAsync(keysWait, rowsAreBehindOne);
        await Schema.ExecuteAsync("INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ('due', 's', '{}', 'm')");
        Assert.Equal("due", Assert.Single(await _store!.CreateRepository().ClaimAsync(10, Lease, Ct)).EventId);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task One_claim_takes_over_an_ended_lease_among_any_that_wait(bool keysWait, bool rowsAreBehindOne)
    {
        await FillAsync(keysWait, rowsAreBehindOne);
        await Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key, status, claim_token, lease_until)
            VALUES ('taken', 's', '{}', 'm', 'publishing', 'dead', now() - interval '1 minute');
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ('next', 's', '{}', 'm')
            """);
        Assert.Equal(["taken", "next"], (await _store!.CreateRepository().ClaimAsync(10, Lease, Ct)).Select(claim => claim.EventId));
    }

    [Fact]
    public async Task Every_due_row_is_claimed_whatever_waits_and_each_key_in_its_order()
    {
        await FillAsync(keysWait: true, rowsAreBehindOne: true);
        await Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key)
            SELECT n::text, 's', '{}', 'm' || n % 40 FROM generate_series(1, 2000) n;
            INSERT INTO {{outbox}} (event_id, subject, payload) SELECT 'plain-' || n, 's', '{}' FROM generate_series(1, 500) n
            """);
        var repository = _store!.CreateRepository();
        var claimed = new List<OutboxClaim>();

        // A relay asks once more after it has recorded rows with a key.
        for (var empty = 0; empty < 2;)
        {
            var claims = await repository.ClaimAsync(300, Lease, Ct);
            empty = claims.Count == 0 ? empty + 1 : 0;
            await repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
            claimed.AddRange(claims);
        }

        Assert.Equal(2_500, claimed.Select(claim => claim.EventId).Distinct().Count());
        foreach (var key in claimed.Where(claim => claim.OrderingKey is not null).GroupBy(claim => claim.OrderingKey))
        {
            var numbers = key.Select(claim => int.Parse(claim.EventId)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    [Fact]
    public async Task A_row_without_a_key_does_not_wait_until_others_are_found()
    {
        await FillAsync(keysWait: false, rowsAreBehindOne: true);
        var repository = _store!.CreateRepository();
        Assert.Empty(await repository.ClaimAsync(10, Lease, Ct));
        await Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES ('plain', 's', '{}', NULL), ('keyed', 's', '{}', 'm')");
        Assert.Equal("plain", Assert.Single(await repository.ClaimAsync(10, Lease, Ct)).EventId);
        Assert.Equal("keyed", Assert.Single(await repository.ClaimAsync(10, Lease, Ct)).EventId);
    }

    private async Task FillAsync(bool keysWait, bool rowsAreBehindOne)
    {
        const string Columns = "event_id, subject, payload, ordering_key, enqueued_at, available_at";
        await Schema.InsertManyAsync(
            Columns,
            $$"""
            SELECT 'waits-' || n, 's', '{}', 'key-' || n, clock.now, clock.now + interval '1 day'
            FROM generate_series(1, {{(keysWait ? Many : 0)}}) n, clock
            """);
        await Schema.InsertManyAsync(
            Columns,
            $$"""
            SELECT 'behind-' || n, 's', '{}', 'behind', clock.now - interval '1 hour',
                clock.now + CASE n WHEN 0 THEN interval '1 day' ELSE '-1 hour' END
            FROM generate_series(0, {{(rowsAreBehindOne ? Many : -1)}}) n, clock
            """);
    }
}
