using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Handlers on MongoDB, run by the consumer: those that are left behind, and those whose transactions meet others.</summary>
public sealed class MongoInboxHandlerTests(MongoDbServer server) : IAsyncLifetime
{
    private MongoInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IMongoCollection<BsonDocument> Effects => _store.Database.Raw("effects");

    public async ValueTask InitializeAsync() => _store = await MongoInboxHarness.CreateAsync(server, enlists: false);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_handler_that_is_left_behind_can_commit_nothing_later_and_its_locks_go_away_at_once()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new Handler<string>(async (_, context, _) =>
        {
            try
            {
                var session = await context.Transaction.GetMongoSessionAsync(CancellationToken.None);
                await AddAsync(session, "a");
                await goOn.Task;
                await Assert.ThrowsAsync<ObjectDisposedException>(
                    () => context.Transaction.GetMongoSessionAsync(CancellationToken.None).AsTask());
                Assert.Throws<ObjectDisposedException>(() => context.Transaction.Emit(Sample.Event()));
                Assert.Throws<ObjectDisposedException>(() => context.Transaction.Enlist((_, _, _) => Task.CompletedTask));
                await session.CommitTransactionAsync(CancellationToken.None);
                ended.SetResult(null);
            }
            catch (Exception e)
            {
                ended.SetResult(e);
            }
        });

        var outcome = await ConsumeAsync(handler, TimeSpan.FromSeconds(2));

        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);

        // A write of one document waits for a transaction that has it, which the server would end after a minute.
        using var quickly = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Effects.UpdateOneAsync(
            new BsonDocument("_id", "a"), new BsonDocument("$set", new BsonDocument("happened", 0)), new UpdateOptions { IsUpsert = true },
            quickly.Token);
        goOn.SetResult();
        Assert.IsType<MongoException>(await ended.Task, exactMatch: false);
        Assert.Equal(0, await _store.EffectsAsync("a"));

        // The next delivery does it.
        var next = new Handler<string>((_, context, _) => AddAsync(context, "a"));
        Assert.IsType<MessageOutcome.Processed>(await ConsumeAsync(next));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_handler_that_is_left_behind_before_it_has_written_commits_nothing_later()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new Handler<string>(async (_, context, _) =>
        {
            var session = await context.Transaction.GetMongoSessionAsync(CancellationToken.None);
            await goOn.Task;
            ended.SetResult(await Record.ExceptionAsync(() => AddAsync(session, "a")));
        });
        Assert.Equal(
            ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handler, TimeSpan.FromSeconds(2))).ErrorCode);
        goOn.SetResult();
        await ended.Task;

        // Its session is closed when it has ended, and with it the transaction.
        using var quickly = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Effects.InsertOneAsync(new BsonDocument("_id", "a"), cancellationToken: quickly.Token);
    }

    [Fact]
    public async Task The_locks_of_a_handler_that_is_left_behind_go_away_also_while_it_waits_for_another_command()
    {
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var other = await server.Client.StartSessionAsync(cancellationToken: Ct);
        await Effects.InsertOneAsync(new BsonDocument("_id", "held"), cancellationToken: Ct);
        other.StartTransaction();
        await AddAsync(other, "held");
        var handler = new Handler<string>(async (_, context, _) =>
        {
            await AddAsync(context, "a");

            // Not in the transaction: there a conflict ends it at once. This waits for the other's transaction.
            ended.SetResult(await Record.ExceptionAsync(() => Effects.UpdateOneAsync(
                new BsonDocument("_id", "held"), new BsonDocument("$set", new BsonDocument("by", "a")), cancellationToken: CancellationToken.None)));
        });
        Assert.Equal(
            ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handler, TimeSpan.FromSeconds(2))).ErrorCode);
        using var quickly = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Effects.InsertOneAsync(new BsonDocument("_id", "a"), cancellationToken: quickly.Token);
        await other.AbortTransactionAsync(Ct);
        Assert.Null(await ended.Task);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_that_meets_another_transaction_is_tried_again_without_being_counted(bool swallows)
    {
        using var other = await server.Client.StartSessionAsync(cancellationToken: Ct);
        other.StartTransaction();
        await AddAsync(other, "a");
        var deliveries = new List<int>();
        var handler = new Handler<string>(async (_, context, _) =>
        {
            deliveries.Add(context.Deliveries);
            await AddAsync(context, "b");
            try
            {
                await AddAsync(context, "a");
            }
            catch (MongoCommandException e) when (swallows && e.Code == 112)
            {
                // As if it were nothing.
            }
        });

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeAsync(handler)).ErrorCode);
        }

        Assert.Equal(0, await _store.EffectsAsync("b"));
        await other.AbortTransactionAsync(Ct);
        Assert.IsType<MessageOutcome.Processed>(await ConsumeAsync(handler));
        Assert.Equal((1, 1), (await _store.EffectsAsync("a"), await _store.EffectsAsync("b")));
        Assert.Equal([1, 1, 1, 1], deliveries);
    }

    [Fact]
    public async Task A_handler_that_works_longer_than_its_lease_keeps_its_claim_and_commits()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new Handler<string>(async (_, context, _) =>
        {
            await AddAsync(context, "a");
            begun.SetResult();
            await goOn.Task;
        });
        var consuming = Consumer(handler, TimeSpan.FromSeconds(3)).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromMinutes(2), TimeProvider.System), Ct);
        await begun.Task;
        var leases = _store.Database.Raw("inbox_leases");
        var first = await Eventually.ValueAsync(
            async () => (await leases.Find(new BsonDocument()).ToListAsync(Ct)).SingleOrDefault(), lease => lease is not null, "the first renewal");
        await Eventually.TrueAsync(
            async () => (await leases.Find(new BsonDocument()).SingleAsync(Ct))["leaseUntil"] > first!["leaseUntil"], "another renewal");
        Assert.IsType<InboxClaim.InProgress>(Assert.Single(await _store.Repository.ClaimAsync(
            "billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct)));
        goOn.SetResult();

        Assert.IsType<MessageOutcome.Processed>(Assert.Single(await consuming));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Events_that_many_handlers_emit_under_one_key_at_once_have_its_numbers_without_gaps(bool holdsTransactions)
    {
        const int Messages = 24;
        var handler = new Handler<string>(async (_, context, _) =>
        {
            if (holdsTransactions)
            {
                await AddAsync(context, context.EventId);
            }

            context.Transaction.Emit(Sample.Event($"of {context.EventId}") with { OrderingKey = "k" });
            context.Transaction.Emit(Sample.Event($"also of {context.EventId}") with { OrderingKey = "k" });
        });
        string[] open = [.. Enumerable.Range(0, Messages).Select(i => $"e-{i}")];
        for (var round = 0; open.Length > 0; round++)
        {
            Assert.True(round < 200, $"{open.Length} are still open");
            var outcomes = await Consumer(handler).ConsumeAsync(
                [.. open.Select(id => Sample.Message(id))], WorkDeadline.After(TimeSpan.FromMinutes(2), TimeProvider.System), Ct);
            Assert.All(outcomes, outcome => Assert.True(
                outcome is MessageOutcome.Processed or MessageOutcome.Retry { ErrorCode: ErrorCodes.StoreFailed }, $"{outcome}"));
            open = [.. open.Where((_, i) => outcomes[i] is not MessageOutcome.Processed)];
        }

        var rows = (await _store.Database.Raw("outbox").Find(new BsonDocument("orderingKey", "k")).ToListAsync(Ct))
            .OrderBy(row => row["orderNumber"].ToInt64()).ToList();
        Assert.Equal(Enumerable.Range(1, 2 * Messages).Select(i => (long)i), rows.Select(row => row["orderNumber"].ToInt64()));
        Assert.All(rows.Chunk(2), pair => Assert.Equal($"also {pair[0]["_id"].AsString}", pair[1]["_id"].AsString));
    }

    private async Task<MessageOutcome> ConsumeAsync(Handler<string> handler, TimeSpan? time = null) => Assert.Single(
        await Consumer(handler).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(time ?? TimeSpan.FromMinutes(2), TimeProvider.System), Ct));

    private InboxConsumer Consumer(Handler<string> handler, TimeSpan? lease = null) => new(
        _store.Repository,
        new HandlerRegistry("billing").AddRaw("orders.placed", handler),
        new ConsumerOptions
        {
            MinimumHandlerTime = TimeSpan.FromMilliseconds(10), Lease = lease ?? TimeSpan.FromMinutes(2), MaxAttempts = 3, Concurrency = 8,
        },
        TimeProvider.System,
        SystemEntropy.Instance,
        NullLogger<InboxConsumer>.Instance);

    private async Task AddAsync(MessageContext context, string name) =>
        await AddAsync(await context.Transaction.GetMongoSessionAsync(CancellationToken.None), name);

    private Task AddAsync(IClientSessionHandle session, string name) => Effects.UpdateOneAsync(
        session,
        new BsonDocument("_id", name),
        new BsonDocument("$inc", new BsonDocument("happened", 1)),
        new UpdateOptions { IsUpsert = true },
        CancellationToken.None);
}
