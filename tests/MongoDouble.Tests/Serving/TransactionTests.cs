using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class TransactionTests(MongoDbServer server) : ServerTest(server)
{
    private const string Transient = "TransientTransactionError";

    [Fact]
    public async Task Its_own_writes_are_seen_at_once_and_by_others_after_the_commit()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var session = await StartAsync();
        await Documents.UpdateOneAsync(session, Id(1), "{ $set: { n: 1 } }");
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 2));
        Assert.Equal(1, (await Documents.Find(session, Id(1)).SingleAsync())["n"]);
        Assert.Equal(2, await Documents.CountDocumentsAsync(session, All));
        Assert.Equal(0, (await ReadAsync(1))!["n"]);
        Assert.Null(await ReadAsync(2));

        await session.CommitTransactionAsync();
        Assert.Equal(1, (await ReadAsync(1))!["n"]);
        Assert.NotNull(await ReadAsync(2));
    }

    [Fact]
    public async Task An_aborted_one_leaves_nothing()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var session = await StartAsync();
        await Documents.UpdateOneAsync(session, Id(1), "{ $set: { n: 1 } }");
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 2));
        await Documents.DeleteOneAsync(session, Id(1));
        await session.AbortTransactionAsync();
        Assert.Equal(0, (await ReadAsync(1))!["n"]);
        Assert.Null(await ReadAsync(2));
    }

    [Fact]
    public async Task It_reads_the_snapshot_of_its_first_operation()
    {
        await Documents.InsertManyAsync([Parse("{ _id: 1, n: 0 }"), Parse("{ _id: 2, n: 0 }")]);
        using var session = await StartAsync();
        Assert.Equal(0, (await Documents.Find(session, Id(1)).SingleAsync())["n"]);

        await Documents.UpdateOneAsync(Id(2), "{ $set: { n: 1 } }");
        await Documents.InsertOneAsync(new BsonDocument("_id", 3));
        await Documents.DeleteOneAsync(Id(1));
        Assert.Equal(0, (await Documents.Find(session, Id(2)).SingleAsync())["n"]);
        Assert.Equal(2, await Documents.CountDocumentsAsync(session, All));
        await session.CommitTransactionAsync();
        Assert.Equal(1, (await ReadAsync(2))!["n"]);
    }

    [Fact]
    public async Task A_snapshot_is_read_through_an_index_as_well()
    {
        await Documents.Indexes.CreateOneAsync(new CreateIndexModel<BsonDocument>("{ n: 1 }"));
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var session = await StartAsync();
        await Documents.Find(session, Id(1)).SingleAsync();
        await Documents.UpdateOneAsync(Id(1), "{ $set: { n: 1 } }");
        Assert.Single(await Documents.Find(session, "{ n: 0 }").ToListAsync());
        Assert.Empty(await Documents.Find(session, "{ n: 1 }").ToListAsync());
        Assert.Empty(await Documents.Find("{ n: 0 }").ToListAsync());
        Assert.Single(await Documents.Find("{ n: 1 }").ToListAsync());
        await session.AbortTransactionAsync();
    }

    [Fact]
    public async Task Two_that_write_one_document_conflict_at_once()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var first = await StartAsync();
        using var second = await StartAsync();
        await Documents.UpdateOneAsync(first, Id(1), "{ $set: { n: 1 } }");
        var error = await RefusedAsync(() => Documents.UpdateOneAsync(second, Id(1), "{ $set: { n: 2 } }"));
        Assert.Equal((112, "WriteConflict"), (error.Code, error.CodeName));
        Assert.True(error.HasErrorLabel(Transient));
        await first.CommitTransactionAsync();
        Assert.Equal(1, (await ReadAsync(1))!["n"]);
    }

    [Fact]
    public async Task A_document_that_was_changed_since_the_snapshot_conflicts()
    {
        await Documents.InsertManyAsync([Parse("{ _id: 1, n: 0 }"), Parse("{ _id: 2, n: 0 }")]);
        using var session = await StartAsync();
        await Documents.Find(session, Id(2)).SingleAsync();
        await Documents.UpdateOneAsync(Id(1), "{ $set: { n: 1 } }");
        var error = await RefusedAsync(() => Documents.UpdateOneAsync(session, Id(1), "{ $set: { n: 2 } }"));
        Assert.Equal(112, error.Code);
    }

    [Fact]
    public async Task A_key_that_was_inserted_since_the_snapshot_conflicts()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var session = await StartAsync();
        await Documents.Find(session, Id(1)).SingleAsync();
        await Documents.InsertOneAsync(new BsonDocument("_id", 2));
        var error = await RefusedAsync(() => Documents.InsertOneAsync(session, new BsonDocument("_id", 2)));
        Assert.Equal(112, error.Code);
        Assert.True(error.HasErrorLabel(Transient));
    }

    [Fact]
    public async Task After_a_conflict_nothing_of_it_is_left()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var first = await StartAsync();
        using var second = await StartAsync();
        await Documents.UpdateOneAsync(first, Id(1), "{ $set: { n: 1 } }");
        await Documents.InsertOneAsync(second, new BsonDocument("_id", 2));
        await RefusedAsync(() => Documents.UpdateOneAsync(second, Id(1), "{ $set: { n: 2 } }"));
        await first.AbortTransactionAsync();

        var error = await RefusedAsync(() => second.CommitTransactionAsync());
        Assert.Equal((251, "NoSuchTransaction"), (error.Code, error.CodeName));
        Assert.True(error.HasErrorLabel(Transient));
        Assert.Null(await ReadAsync(2));
    }

    [Fact]
    public async Task A_single_write_waits_for_the_transaction_that_holds_its_document()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var session = await StartAsync();
        await Documents.UpdateOneAsync(session, Id(1), "{ $inc: { n: 1 } }");
        var write = Documents.UpdateOneAsync(Id(1), "{ $inc: { n: 10 } }");
        // What the driver makes of the code 50.
        await Assert.ThrowsAsync<MongoExecutionTimeoutException>(
            () => RunAsync("{ update: 'documents', updates: [{ q: { _id: 1 }, u: { $inc: { n: 100 } } }], maxTimeMS: 300 }"));
        Assert.False(write.IsCompleted);
        await session.CommitTransactionAsync();
        await write;
        Assert.Equal(11, (await ReadAsync(1))!["n"]);
    }

    [Fact]
    public async Task A_single_insert_waits_for_the_transaction_that_has_inserted_its_key()
    {
        await Database.CreateCollectionAsync("documents");
        using var session = await StartAsync();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 1));
        var insert = Documents.InsertOneAsync(new BsonDocument("_id", 1));
        await session.CommitTransactionAsync();
        var error = await Assert.ThrowsAsync<MongoWriteException>(() => insert);
        Assert.Equal(11000, error.WriteError.Code);
    }

    [Fact]
    public async Task Many_that_move_money_keep_its_sum()
    {
        const int Accounts = 5;
        await Documents.InsertManyAsync(Enumerable.Range(0, Accounts).Select(i => new BsonDocument { { "_id", i }, { "n", 100 } }));
        var moves = Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                using var session = await Server.Client.StartSessionAsync();
                await session.WithTransactionAsync(async (current, token) =>
                {
                    await Documents.UpdateOneAsync(current, Id((worker + i) % Accounts), "{ $inc: { n: -1 } }", null, token);
                    await Documents.UpdateOneAsync(current, Id((worker + (3 * i) + 1) % Accounts), "{ $inc: { n: 1 } }", null, token);
                    return true;
                });
            }
        })).ToArray();
        while (!moves.All(move => move.IsCompleted))
        {
            using var session = await StartAsync();
            var all = await Documents.Find(session, All).ToListAsync();
            Assert.Equal(Accounts * 100, all.Sum(account => account["n"].AsInt32));
            await session.CommitTransactionAsync();
        }

        await Task.WhenAll(moves);
        Assert.Equal(Accounts * 100, (await Documents.Find(All).ToListAsync()).Sum(account => account["n"].AsInt32));
    }

    [Fact]
    public async Task A_duplicate_key_ends_it()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var session = await StartAsync();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 2));
        var error = await Assert.ThrowsAsync<MongoWriteException>(() => Documents.InsertOneAsync(session, new BsonDocument("_id", 1)));
        Assert.Equal(11000, error.WriteError.Code);
        var later = await RefusedAsync(() => Documents.Find(session, Id(1)).ToListAsync());
        Assert.Equal(251, later.Code);
        Assert.True(later.HasErrorLabel(Transient));
        Assert.Null(await ReadAsync(2));
    }

    [Fact]
    public async Task A_refused_command_ends_it()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var session = await StartAsync();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 2));
        var error = await RefusedAsync(() => Documents.Find(session, "{ a: { $unknown: 1 } }").ToListAsync());
        Assert.Equal(2, error.Code);
        Assert.Equal(251, (await RefusedAsync(() => session.CommitTransactionAsync())).Code);
        Assert.Null(await ReadAsync(2));
    }

    [Fact]
    public async Task A_commit_can_be_repeated()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var session = await StartAsync();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 2));
        await session.CommitTransactionAsync();
        await session.CommitTransactionAsync();
        Assert.NotNull(await ReadAsync(2));
    }

    [Fact]
    public async Task An_unknown_one_can_neither_be_committed_nor_aborted()
    {
        foreach (var name in new[] { "commitTransaction", "abortTransaction" })
        {
            var error = await RefusedAsync(() => AdminAsync(new BsonDocument
            {
                { name, 1 },
                { "lsid", new BsonDocument("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard)) },
                { "txnNumber", 5L },
                { "autocommit", false },
            }));
            Assert.Equal(251, error.Code);
        }
    }

    [Fact]
    public async Task It_creates_collections_that_are_seen_after_the_commit()
    {
        using var session = await StartAsync();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 1));
        Assert.Single(await Documents.Find(session, All).ToListAsync());
        Assert.Empty(await (await Database.ListCollectionNamesAsync()).ToListAsync());
        await session.CommitTransactionAsync();
        Assert.Equal(["documents"], await (await Database.ListCollectionNamesAsync()).ToListAsync());
    }

    [Fact]
    public async Task Count_is_refused_in_it()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var session = await StartAsync();
        var error = await RefusedAsync(() => Database.RunCommandAsync<BsonDocument>(session, Parse("{ count: 'documents' }")));
        Assert.Equal((263, "OperationNotSupportedInTransaction"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task A_cursor_of_it_reads_on_in_its_snapshot()
    {
        await Documents.InsertManyAsync(Enumerable.Range(0, 200).Select(i => new BsonDocument("_id", i)));
        using var session = await StartAsync();
        using var cursor = await Documents.Find(session, All).ToCursorAsync();
        await cursor.MoveNextAsync();
        await Documents.DeleteManyAsync(All);
        var rest = 0;
        while (await cursor.MoveNextAsync())
        {
            rest += cursor.Current.Count();
        }

        Assert.Equal(99, rest);
        await session.CommitTransactionAsync();
    }

    [Fact]
    public async Task Many_that_add_to_one_document_lose_nothing()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 5; i++)
            {
                using var session = await Server.Client.StartSessionAsync();
                await session.WithTransactionAsync(async (current, token) =>
                {
                    var n = (await Documents.Find(current, Id(1)).SingleAsync(token))["n"].AsInt32;
                    await Documents.UpdateOneAsync(current, Id(1), new BsonDocument("$set", new BsonDocument("n", n + 1)), null, token);
                    return true;
                });
            }
        }));
        Assert.Equal(40, (await ReadAsync(1))!["n"]);
    }

    private async Task<IClientSessionHandle> StartAsync()
    {
        var session = await Server.Client.StartSessionAsync();
        session.StartTransaction();
        return session;
    }
}
