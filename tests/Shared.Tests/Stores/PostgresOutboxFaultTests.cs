using System.Text;
using Npgsql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Connections that break around a commit, and servers that stop: what came of it is read again, never assumed.</summary>
public sealed class PostgresOutboxFaultTests(PostgresServer server)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_found_again_and_not_left_to_its_lease()
    {
        await using var world = await World.CreateAsync(server);
        await world.WriteAsync("a", "b");
        world.LoseNextAnswer("UPDATE");
        var claims = await world.Cut.ClaimAsync(10, Lease, Ct);
        Assert.Equal(1, world.Proxy.Swallowed);
        Assert.Equal(["a", "b"], claims.Select(claim => claim.EventId));
        Assert.Equal(2, (await world.Cut.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct)).Applied);
    }

    [Fact]
    public async Task A_claim_by_id_whose_answer_was_lost_is_ours()
    {
        await using var world = await World.CreateAsync(server);
        await world.WriteAsync("a");
        world.LoseNextAnswer("UPDATE");
        var claim = await world.Cut.MarkAsPublishingAsync("a", Lease, Ct);
        Assert.Equal(1, world.Proxy.Swallowed);
        Assert.NotNull(claim);
        Assert.Equal(claim.Token, (await world.Store.Repository.FindAsync("a", Ct))!.Token);
    }

    [Theory]
    [InlineData("sent", AfterSending.Keep)]
    [InlineData("sent", AfterSending.Delete)]
    [InlineData("sent", AfterSending.Archive)]
    [InlineData("retry", AfterSending.Keep)]
    [InlineData("park", AfterSending.Keep)]
    public async Task A_mark_whose_answer_was_lost_knows_its_own_work(string mark, AfterSending afterSending)
    {
        await using var world = await World.CreateAsync(server, afterSending);
        await world.WriteAsync("a", "b");
        var claims = await world.Cut.ClaimAsync(10, Lease, Ct);
        world.LoseNextAnswer(mark);

        var result = mark switch
        {
            "sent" => await world.Cut.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct),
            "retry" => await world.Cut.RetryAsync(
                [.. claims.Select(claim => new RetryMark(claim.EventId, claim.Token, 1, TimeSpan.FromMinutes(1), "code", "why"))], Ct),
            _ => await world.Cut.ParkAsync([.. claims.Select(claim => new ParkMark(claim.EventId, claim.Token, 1, "code", "why"))], Ct),
        };

        Assert.Equal(1, world.Proxy.Swallowed);
        Assert.Equal((2, 0, 0), (result.Applied, result.Late.Count, result.Unrecorded.Count));
    }

    [Fact]
    public async Task An_operators_action_whose_answer_was_lost_is_unclear_and_not_denied()
    {
        await using var world = await World.CreateAsync(server);
        await world.WriteAsync("a", "b");
        var claims = await world.Store.Repository.ClaimAsync(10, Lease, Ct);
        await world.Store.Repository.ParkAsync([.. claims.Select(claim => new ParkMark(claim.EventId, claim.Token, 1, "code", "why"))], Ct);
        var versions = (await world.Store.ParkedAsync(10)).Rows.Select(RowVersion.Of).ToList();
        await world.CutOperations.ReadAsync(OutboxStatus.Failed, null, null, 1, Ct);
        world.LoseNextAnswer("DELETE");

        var outcome = await world.CutOperations.ApplyAsync(RowAction.Purge, versions, Ct);

        Assert.Equal(1, world.Proxy.Swallowed);
        Assert.Equal((versions[1].EventId, versions[0].EventId), (Assert.Single(outcome.Applied), Assert.Single(outcome.Unclear)));
        Assert.Empty((await world.Store.ParkedAsync(10)).Rows);
    }

    [Fact]
    public async Task A_mark_that_no_try_got_an_answer_to_is_unrecorded_and_not_an_exception()
    {
        await using var world = await World.CreateAsync(server);
        await world.WriteAsync("a");
        var claim = Assert.Single(await world.Cut.ClaimAsync(10, Lease, Ct));
        world.LoseNextAnswer("UPDATE", times: 1000);

        var result = await world.Cut.MarkSentAsync([new("a", claim.Token)], Ct);

        Assert.Equal((0, 0, "a"), (result.Applied, result.Late.Count, Assert.Single(result.Unrecorded)));
        Assert.NotNull(result.Failure);
        Assert.True(world.Proxy.Swallowed > 1, "it was tried more than once");
    }

    [Fact]
    public async Task An_insert_whose_answer_was_lost_finds_its_row()
    {
        await using var world = await World.CreateAsync(server);
        world.LoseNextAnswer("INSERT");
        var answer = await world.Cut.FindOrCreateAsync(Sample.Event("a"), Ct);
        Assert.Equal(1, world.Proxy.Swallowed);
        Assert.Equal("a", answer.Row.Event.EventId);
        Assert.Equal(1L, await world.Store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
    }

    [Theory]
    [InlineData("claim", OutboxStatus.Publishing)]
    [InlineData("claim by id", OutboxStatus.Publishing)]
    [InlineData("sent", OutboxStatus.Sent)]
    [InlineData("retry", OutboxStatus.Pending)]
    [InlineData("park", OutboxStatus.Failed)]
    public async Task Rows_that_come_before_the_commit_say_nothing(string statement, Enum after)
    {
        await using var store = await PostgresOutboxHarness.CreateAsync(server);
        await store.Repository.FindOrCreateAsync(Sample.Event("a"), Ct);
        await using var proxy = new PostgresProxy(server.Port);
        await using var dataSource = store.Schema.Connect(settings => settings.Port = proxy.Port);
        var repository = store.CreateRepository(dataSource);
        var claim = statement.StartsWith("claim", StringComparison.Ordinal) ? null : Assert.Single(await repository.ClaimAsync(1, Lease, Ct));
        var uncommitted = 0;
        proxy.Once(statement == "sent" ? "_mark_sent\"(" : "UPDATE", PostgresProxy.Moment.Uncommitted, wire =>
        {
            uncommitted++;
            return PostgresProxy.CrashAsync(wire);
        });

        if (claim is null)
        {
            claim = statement == "claim"
                ? Assert.Single(await repository.ClaimAsync(1, Lease, Ct))
                : await repository.MarkAsPublishingAsync("a", Lease, Ct);
            Assert.Equal(claim!.Token, (await store.Repository.FindAsync("a", Ct))!.Token);
        }
        else
        {
            var result = statement switch
            {
                "sent" => await repository.MarkSentAsync([new("a", claim.Token)], Ct),
                "retry" => await repository.RetryAsync([new("a", claim.Token, 1, TimeSpan.FromMinutes(1), "code", "why")], Ct),
                _ => await repository.ParkAsync([new("a", claim.Token, 1, "code", "why")], Ct),
            };
            Assert.Equal(1, result.Applied);
        }

        Assert.Equal(1, uncommitted);
        Assert.Equal((OutboxStatus)after, (await store.Repository.FindAsync("a", Ct))!.Status);
    }

    [Fact]
    public async Task A_backend_that_is_ended_while_its_mark_waits_is_asked_again()
    {
        await using var world = await World.CreateAsync(server);
        await world.WriteAsync("a");
        var claim = Assert.Single(await world.Store.Repository.ClaimAsync(10, Lease, Ct));
        var holder = await world.Store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await holder.BeginTransactionAsync(Ct);
        await using var hold = new NpgsqlCommand(world.Store.Schema.Fill("SELECT FROM {{outbox}} FOR UPDATE"), holder, transaction);
        await hold.ExecuteNonQueryAsync(Ct);

        var marking = world.Store.Repository.MarkSentAsync([new("a", claim.Token)], Ct);
        var ended = await Eventually.ValueAsync(
            () => world.Store.Schema.ScalarAsync(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'",
                world.Store.Schema.Options.Schema),
            count => count is 1L,
            "the mark waits for the row and its backend is ended");
        Assert.Equal(1L, ended);
        await transaction.RollbackAsync(Ct);

        Assert.Equal(1, (await marking).Applied);
    }

    [Fact]
    public async Task A_server_that_stops_at_once_in_the_middle_of_claims_loses_no_row()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var store = await PostgresOutboxHarness.CreateAsync(own);
        await store.Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload) SELECT 'e-' || n, 's', '{}' FROM generate_series(1, 300) n");
        var claimed = 0;
        var workers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (await store.CreateRepository().ClaimAsync(5, Lease, Ct) is { Count: > 0 } claims)
                {
                    Interlocked.Add(ref claimed, claims.Count);
                    await store.Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
                }
            }
            catch (Exception e) when (PostgresFaults.IsTransient(e))
            {
                // The server was away for longer than the tries last.
            }
        })).ToArray();
        await Eventually.TrueAsync(() => Volatile.Read(ref claimed) > 40, "the workers are in the middle of it");

        await own.CrashAndRestartAsync();
        await Task.WhenAll(workers);

        await store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        while (await store.Repository.ClaimAsync(100, Lease, Ct) is { Count: > 0 } claims)
        {
            await store.Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        }

        var counts = await store.Repository.GetCountByStatusAsync(Ct);
        Assert.Equal(300, Assert.Single(counts).Value);
        Assert.Equal("sent", Assert.Single(counts).Key);
    }

    [Fact]
    public async Task What_is_no_matter_of_the_wire_is_not_tried_again()
    {
        await using var store = await PostgresOutboxHarness.CreateAsync(server);
        await store.Schema.ExecuteAsync("DROP TABLE {{outbox}} CASCADE");
        var error = await Assert.ThrowsAsync<PostgresException>(() => store.Repository.ClaimAsync(1, Lease, Ct));
        Assert.Equal(PostgresErrorCodes.UndefinedTable, error.SqlState);
        await Assert.ThrowsAsync<PostgresException>(() => store.Repository.MarkSentAsync([new("a", new ClaimToken("t", 1))], Ct));
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _dataSource;

        private World(PostgresOutboxHarness store, TcpProxy proxy)
        {
            Store = store;
            Proxy = proxy;
            _dataSource = store.Schema.Connect(settings =>
            {
                settings.Host = "127.0.0.1";
                settings.Port = proxy.Port;
            });
            Cut = store.CreateRepository(_dataSource);
            CutOperations = new PostgresOutboxOperations(
                new PostgresConnections(_dataSource), store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        }

        public PostgresOutboxHarness Store { get; }

        public TcpProxy Proxy { get; }

        /// <summary>A repository whose wire can be cut.</summary>
        public PostgresOutboxRepository Cut { get; }

        /// <summary>What operators do by a wire that can be cut.</summary>
        public PostgresOutboxOperations CutOperations { get; }

        public static async Task<World> CreateAsync(PostgresServer server, AfterSending afterSending = AfterSending.Keep) =>
            new(await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending }), new TcpProxy(server.Port));

        /// <summary>The server commits, says so, and the wire is cut before anybody hears it.</summary>
        public void LoseNextAnswer(string what, int times = 1)
        {
            Assert.NotEmpty(what);
            Proxy.SwallowCount = times;

            // Every statement of the repository that is carried out ends with its tag: the answer that is to be lost.
            Proxy.SwallowWhen = answer => IndexOf(answer, "SELECT ")
                || IndexOf(answer, "UPDATE ")
                || IndexOf(answer, "INSERT ")
                || IndexOf(answer, "DELETE ");

            static bool IndexOf(ReadOnlyMemory<byte> answer, string tag) => answer.Span.IndexOf(Encoding.ASCII.GetBytes(tag)) >= 0;
        }

        public async Task WriteAsync(params string[] eventIds)
        {
            foreach (var eventId in eventIds)
            {
                await Store.Repository.FindOrCreateAsync(Sample.Event(eventId), Ct);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _dataSource.DisposeAsync();
            await Proxy.DisposeAsync();
            await Store.DisposeAsync();
        }
    }
}
