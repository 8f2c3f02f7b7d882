using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A connection that is cut around the commit of a business operation and its event.</summary>
public sealed class PostgresOutboxWriterCommitTests(PostgresServer server) : IAsyncLifetime
{
    private const string Commit = "COMMIT\0";

    private PostgresSchema _schema = null!;
    private PostgresProxy _proxy = null!;
    private NpgsqlDataSource _throughProxy = null!;
    private PostgresOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        await _schema.ExecuteAsync("CREATE TABLE {{schema}}.orders (id text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)");
        _proxy = new PostgresProxy(server.Port);
        _throughProxy = _schema.Connect(builder => builder.Port = _proxy.Port);
        _writer = new PostgresOutboxWriter(_throughProxy, _schema.Options);
    }

    public async ValueTask DisposeAsync()
    {
        await _throughProxy.DisposeAsync();
        await _proxy.DisposeAsync();
        await _schema.DisposeAsync();
    }

    [Theory]
    [InlineData(PostgresProxy.Moment.NotSent, 0L)]
    [InlineData(PostgresProxy.Moment.Answered, 1L)]
    public async Task The_outcome_is_said_to_be_unknown_both_are_there_or_neither_and_the_same_call_again_finds_out(
        PostgresProxy.Moment moment, long written)
    {
        _proxy.CutOnce(Commit, moment);
        var placed = _writer.NewEvent("orders.placed", "{}");

        var unknown = await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(placed));

        Assert.Equal(placed.EventId, unknown.EventId);
        Assert.Contains("outcome is unknown", unknown.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<NpgsqlException>(unknown.InnerException);
        await EventuallyAsync(written, written);
        if (written == 0)
        {
            Assert.Equal(1, await PlaceAsync(placed));
        }
        else
        {
            // Exactly the same call, and one whose operation does not stand in its own way.
            foreach (var order in new[] { "o-1", "another" })
            {
                var done = await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => PlaceAsync(placed, order));
                Assert.Equal(placed.EventId, done.EventId);
            }

            await Assert.ThrowsAsync<EventIdConflictException>(() => PlaceAsync(placed with { Payload = "{\"other\":1}" }, order: "another"));
        }

        await EventuallyAsync(1, 1);
    }

    [Fact]
    public async Task A_server_that_ends_at_the_commit_leaves_the_outcome_open()
    {
        _proxy.Once(Commit, PostgresProxy.Moment.NotSent, wire => wire.CrashAsync());
        await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(_writer.NewEvent("orders.placed", "{}")));
        await EventuallyAsync(0, 0);
    }

    [Fact]
    public async Task A_caller_who_gives_up_during_the_commit_is_told_that_the_outcome_is_open()
    {
        using var giveUp = new CancellationTokenSource();
        _proxy.Once(Commit, PostgresProxy.Moment.Answered, async wire =>
        {
            await giveUp.CancelAsync();
            wire.Cut();
        });
        await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(_writer.NewEvent("orders.placed", "{}"), cancellationToken: giveUp.Token));
        await EventuallyAsync(1, 1);
    }

    [Fact]
    public async Task A_commit_that_the_server_refuses_is_no_open_outcome()
    {
        await _schema.ExecuteAsync("INSERT INTO {{schema}}.orders VALUES ('o-1')");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => PlaceAsync(_writer.NewEvent("orders.placed", "{}")));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, refused.SqlState);
        await EventuallyAsync(1, 0);
    }

    private Task<int> PlaceAsync(OutboxEvent outboxEvent, string order = "o-1", CancellationToken? cancellationToken = null) =>
        _writer.ExecuteWithOutboxAsync(
            async (transaction, ct) =>
            {
                await using var command = new NpgsqlCommand(
                    _schema.Fill("INSERT INTO {{schema}}.orders VALUES ($1)"), transaction.Connection, transaction);
                command.Parameters.Add(new() { Value = order });
                return await command.ExecuteNonQueryAsync(ct);
            },
            outboxEvent,
            cancellationToken: cancellationToken ?? Ct);

    // Only once the server has noticed that its client is gone has it rolled back for good.
    private async Task EventuallyAsync(long orders, long rows)
    {
        await Eventually.TrueAsync(
            async () => await _schema.ScalarAsync(
                "SELECT count(*) FROM pg_locks WHERE relation = '{{outbox}}'::regclass AND mode = 'RowExclusiveLock'") is 0L,
            "nobody writes any more");
        Assert.Equal(orders, await _schema.ScalarAsync("SELECT count(*) FROM {{schema}}.orders"));
        Assert.Equal(rows, await _schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
    }
}
