using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The functions of a relay that is woken for a row: the mark of sent rows, and how long it is until the next is due.</summary>
public sealed class PostgresOutboxFunctionTests(PostgresServer server)
{
    private const double Day = 86_400;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task Only_claimed_rows_whose_own_token_is_given_are_marked_and_each_by_its_place(AfterSending afterSending)
    {
        await using var store = await CreateAsync(afterSending);
        await store.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, status, claim_token, ordering_key, sent_at) VALUES
                ('mine-1', 's', '{}', 'publishing', 't', NULL, NULL), ('other', 's', '{}', 'publishing', 'u', NULL, NULL),
                ('none', 's', '{}', 'publishing', NULL, NULL, NULL), ('mine-2', 's', '{}', 'publishing', 't', 'k', NULL),
                ('pending', 's', '{}', 'pending', 't', NULL, NULL), ('failed', 's', '{}', 'failed', 't', NULL, NULL),
                ('sent', 's', '{}', 'sent', 't', NULL, '2000-01-01'), ('odd', 's', '{}', 'what?', 't', NULL, NULL),
                ('null', 's', '{}', NULL, 't', NULL, NULL)
            """);
        var untouched = await SnapshotAsync();
        string[] batch = ["null", "other", "mine-2", "sent", "none", "pending", "mine-1", "gone", "odd", "failed"];

        var places = await store.Schema.QueryAsync(
            $"SELECT * FROM {{{{outbox.mark_sent}}}}($1, $2, '{afterSending.ToString().ToLowerInvariant()}')",
            await NumbersAsync(batch),
            batch.Select(_ => "t").ToArray());

        Assert.Equal(["3", "7"], places.Select(row => row["place"]).Order());
        Assert.Equal(untouched, await SnapshotAsync());
        Assert.Equal(
            afterSending switch { AfterSending.Keep => "mine-1:sent mine-2:sent", AfterSending.Delete => "", _ => "mine-1:sent:t mine-2:sent:t" },
            await store.Schema.ScalarAsync(afterSending switch
            {
                AfterSending.Archive =>
                    "SELECT string_agg(event_id || ':' || status || ':' || claim_token, ' ' ORDER BY event_id) FROM {{outbox.sent}}",
                _ => "SELECT coalesce(string_agg(event_id || ':' || status, ' ' ORDER BY event_id), '') FROM {{outbox}} WHERE event_id LIKE 'mine-%'",
            }));

        async Task<object?> SnapshotAsync() => await store.Schema.ScalarAsync(
            "SELECT string_agg(o::text, E'\\n' ORDER BY event_id) FROM {{outbox}} o WHERE event_id NOT LIKE 'mine-%'");

        async Task<long[]> NumbersAsync(string[] ids) => (long[])(await store.Schema.ScalarAsync(
            "SELECT array_agg(coalesce(o.row_id, -1) ORDER BY m.n) "
            + "FROM unnest($1::text[]) WITH ORDINALITY m (id, n) LEFT JOIN {{outbox}} o ON o.event_id = m.id",
            [ids]))!;
    }

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task A_mark_that_has_waited_for_its_row_looks_at_it_again(AfterSending afterSending)
    {
        await using var store = await CreateAsync(afterSending);
        await store.Repository.FindOrCreateAsync(Sample.Event("a"), Ct);
        await store.Repository.FindOrCreateAsync(Sample.Event("b"), Ct);
        var claims = (await store.Repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId, claim => claim.Token);
        await using var taker = await store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await taker.BeginTransactionAsync(Ct);
        await using var take = new NpgsqlCommand(
            store.Schema.Fill("UPDATE {{outbox}} SET claim_token = 'taken' WHERE event_id = 'a'"), taker, transaction);
        await take.ExecuteNonQueryAsync(Ct);

        var marking = store.Repository.MarkSentAsync([new("a", claims["a"]), new("b", claims["b"])], Ct);
        await Eventually.TrueAsync(
            async () => await store.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%_mark_sent%'",
                store.Schema.Options.Schema) is 1L,
            "the mark waits for the row");
        await transaction.CommitAsync(Ct);

        var result = await marking;
        Assert.Equal((1, "a"), (result.Applied, Assert.Single(result.Late)));
        Assert.Equal(OutboxStatus.Publishing, (await store.Repository.FindAsync("a", Ct))!.Status);
    }

    [Fact]
    public async Task What_becomes_of_sent_rows_is_said_in_a_word_that_is_known()
    {
        await using var store = await CreateAsync(AfterSending.Keep);
        var error = await Assert.ThrowsAsync<PostgresException>(() => store.Schema.ScalarAsync("SELECT {{outbox.mark_sent}}('{1}', '{t}', 'burn')"));
        Assert.Equal(PostgresErrorCodes.CaseNotFound, error.SqlState);
    }

    [Theory]
    [InlineData("available_at", "pending", null)]
    [InlineData("available_at", "pending", "k")]
    [InlineData("lease_until", "publishing", null)]
    [InlineData("lease_until", "publishing", "k")]
    public async Task Until_a_row_is_due_it_is_as_long_as_the_first_of_all_says(string column, string status, string? key)
    {
        await using var store = await CreateAsync(AfterSending.Keep);
        Assert.Equal(Day, await UntilDueAsync(store));

        // Rows of every kind that are due later, or never, and some that nobody waits for.
        await store.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, status, ordering_key, available_at, lease_until)
            SELECT concat_ws('-', s, k, n), 's', '{}', s, k, t, t
            FROM unnest('{pending,publishing}'::text[]) s, unnest('{NULL,k,l}'::text[]) k,
                unnest(ARRAY[now() + interval '2 hours', 'infinity', NULL]) WITH ORDINALITY times (t, n);
            INSERT INTO {{outbox}} (event_id, subject, payload, status, available_at, lease_until)
            SELECT s, 's', '{}', s, '-infinity', '-infinity' FROM unnest('{sent,failed,what?}'::text[]) s;
            """);
        Assert.InRange(await UntilDueAsync(store), 7_000, 7_200);

        await store.Schema.ExecuteAsync(
            $"INSERT INTO {{{{outbox}}}} (event_id, subject, payload, status, ordering_key, "
            + $"{(status == "pending" ? column : $"available_at, {column}")}) VALUES ('first', 's', '{{}}', "
            + $"'{status}', $1, {(status == "pending" ? "" : "'-infinity', ")}now() + interval '1 hour')",
            key);
        Assert.InRange(await UntilDueAsync(store), 3_400, 3_600);
        await store.PassAsync(TimeSpan.FromHours(1.5));
        Assert.InRange(await UntilDueAsync(store), -2_000, -1_800);
        await store.Schema.ExecuteAsync($"UPDATE {{{{outbox}}}} SET {column} = '-infinity' WHERE event_id = 'first'");
        Assert.Equal(-Day, await UntilDueAsync(store));
    }

    [Fact]
    public async Task A_relay_of_least_privilege_waits_for_rows()
    {
        await using var store = await CreateAsync(AfterSending.Keep);
        await using var users = await LeastPrivilege.CreateAsync(store.Schema);
        await using var signal = new PostgresOutboxSignal(
            new PostgresConnections(users.Relay),
            store.Schema.Options,
            new() { PollInterval = TimeSpan.FromMinutes(10) },
            TimeProvider.System,
            NullLogger<PostgresOutboxSignal>.Instance);
        await signal.WaitAsync(TimeSpan.FromMinutes(5), Ct);
        await store.Repository.FindOrCreateAsync(Sample.Event() with { AvailableAt = store.Now + TimeSpan.FromSeconds(1) }, Ct);

        // Woken once by the new row, and once by what it asks.
        for (var i = 0; i < 2; i++)
        {
            await signal.WaitAsync(TimeSpan.FromMinutes(5), Ct).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);
        }

        Assert.Single(await store.Repository.ClaimAsync(1, Lease, Ct));
    }

    private async Task<PostgresOutboxHarness> CreateAsync(AfterSending afterSending) =>
        await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending });

    private static async Task<double> UntilDueAsync(PostgresOutboxHarness store) =>
        (double)(await store.Schema.ScalarAsync("SELECT {{outbox.until_due}}()"))!;
}
