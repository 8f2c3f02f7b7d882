using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class DocumentTests(MongoDbServer server) : ServerTest(server)
{
    [Fact]
    public async Task What_was_inserted_is_found()
    {
        await Documents.InsertManyAsync([Parse("{ _id: 1, a: 'x' }"), Parse("{ _id: 2, a: 'y' }")]);
        Assert.Equal("y", (await ReadAsync(2))!["a"]);
        Assert.Equal(2, await Documents.CountDocumentsAsync(All));
        Assert.Equal(2, await Documents.EstimatedDocumentCountAsync());
    }

    [Fact]
    public async Task A_document_without_an_id_is_given_one_and_it_comes_first()
    {
        await RunAsync("{ insert: 'documents', documents: [{ a: 1 }] }");
        var document = await Documents.Find(All).SingleAsync();
        Assert.Equal("_id", document.GetElement(0).Name);
        Assert.IsType<BsonObjectId>(document["_id"]);
    }

    [Fact]
    public async Task A_duplicate_id_is_refused_with_key_and_index()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        var error = (await Assert.ThrowsAsync<MongoWriteException>(() => Documents.InsertOneAsync(new BsonDocument("_id", 1)))).WriteError;
        Assert.Equal((11000, ServerErrorCategory.DuplicateKey), (error.Code, error.Category));
        Assert.Equal(
            $"E11000 duplicate key error collection: {Documents.CollectionNamespace.FullName} index: _id_ dup key: {{ _id: 1 }}", error.Message);
    }

    [Fact]
    public async Task An_ordered_batch_ends_at_the_first_error_and_an_unordered_one_goes_on()
    {
        BsonDocument[] documents = [new("_id", 1), new("_id", 1), new("_id", 2)];
        var error = await Assert.ThrowsAsync<MongoBulkWriteException<BsonDocument>>(() => Documents.InsertManyAsync(documents));
        Assert.Equal(1, Assert.Single(error.WriteErrors).Index);
        Assert.Equal(1, await Documents.CountDocumentsAsync(All));

        await Assert.ThrowsAsync<MongoBulkWriteException<BsonDocument>>(
            () => Documents.InsertManyAsync(documents, new InsertManyOptions { IsOrdered = false }));
        Assert.Equal(2, await Documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task A_cursor_delivers_batch_by_batch()
    {
        await Documents.InsertManyAsync(Enumerable.Range(0, 250).Select(i => new BsonDocument("_id", i)));
        using var cursor = await Documents.Find(All).Sort("{ _id: 1 }").ToCursorAsync();
        var sizes = new List<int>();
        while (await cursor.MoveNextAsync())
        {
            sizes.Add(cursor.Current.Count());
        }

        Assert.Equal([101, 149], sizes);
    }

    [Fact]
    public async Task A_batch_has_at_most_16_MB()
    {
        var filler = new string('x', 5_000_000);
        await Documents.InsertManyAsync(Enumerable.Range(0, 5).Select(i => new BsonDocument { { "_id", i }, { "filler", filler } }));
        using var cursor = await Documents.Find(All).ToCursorAsync();
        Assert.True(await cursor.MoveNextAsync());
        Assert.Equal(3, cursor.Current.Count());
        Assert.True(await cursor.MoveNextAsync());
        Assert.Equal(2, cursor.Current.Count());
    }

    [Fact]
    public async Task A_killed_cursor_is_gone()
    {
        await Documents.InsertManyAsync(Enumerable.Range(0, 5).Select(i => new BsonDocument("_id", i)));
        using var session = await Server.Client.StartSessionAsync();
        var answer = await Database.RunCommandAsync<BsonDocument>(session, Parse("{ find: 'documents', batchSize: 2 }"));
        var id = answer["cursor"]["id"].AsInt64;
        await Database.RunCommandAsync<BsonDocument>(
            session, new BsonDocument { { "killCursors", "documents" }, { "cursors", new BsonArray { id } } });
        var error = await RefusedAsync(() => Database.RunCommandAsync<BsonDocument>(
            session, new BsonDocument { { "getMore", id }, { "collection", "documents" } }));
        Assert.Equal((43, "CursorNotFound"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task Find_sorts_skips_limits_and_projects()
    {
        await Documents.InsertManyAsync(Enumerable.Range(0, 10).Select(i => new BsonDocument { { "_id", i }, { "a", 10 - i }, { "b", 1 } }));
        var found = await Documents.Find(All).Sort("{ a: 1 }").Skip(1).Limit(2).Project("{ a: 1 }").ToListAsync();
        Assert.Equal([Parse("{ _id: 8, a: 2 }"), Parse("{ _id: 7, a: 3 }")], found);
    }

    [Fact]
    public async Task Updates_count_what_they_match_and_what_they_change()
    {
        await Documents.InsertManyAsync([Parse("{ _id: 1, a: 1 }"), Parse("{ _id: 2, a: 2 }")]);
        var result = await Documents.UpdateManyAsync(All, "{ $set: { a: 2 } }");
        Assert.Equal((2, 1), (result.MatchedCount, result.ModifiedCount));
        Assert.Equal(0, (await Documents.UpdateOneAsync(Id(3), "{ $set: { a: 2 } }")).MatchedCount);
    }

    [Fact]
    public async Task An_upsert_inserts_what_filter_and_update_say()
    {
        var result = await Documents.UpdateOneAsync("{ _id: 'k', kind: 'x' }", "{ $inc: { n: 2 } }", new UpdateOptions { IsUpsert = true });
        Assert.Equal("k", result.UpsertedId);
        Assert.Equal(Parse("{ _id: 'k', kind: 'x', n: 2 }"), await ReadAsync("k"));
        var replaced = await Documents.ReplaceOneAsync(Id("l"), Parse("{ n: 1 }"), new ReplaceOptions { IsUpsert = true });
        Assert.Equal("l", replaced.UpsertedId);
    }

    [Fact]
    public async Task The_id_cannot_be_changed()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        var error = (await Assert.ThrowsAsync<MongoWriteException>(() => Documents.UpdateOneAsync(Id(1), "{ $set: { _id: 2 } }"))).WriteError;
        Assert.Equal(66, error.Code);
    }

    [Fact]
    public async Task FindAndModify_returns_the_document_before_or_after()
    {
        await Documents.InsertManyAsync([Parse("{ _id: 1, n: 5 }"), Parse("{ _id: 2, n: 4 }")]);
        var options = new FindOneAndUpdateOptions<BsonDocument> { Sort = "{ n: 1 }" };
        Assert.Equal(Parse("{ _id: 2, n: 4 }"), await Documents.FindOneAndUpdateAsync(All, "{ $inc: { n: 10 } }", options));
        options.ReturnDocument = ReturnDocument.After;
        Assert.Equal(Parse("{ _id: 1, n: 15 }"), await Documents.FindOneAndUpdateAsync(All, "{ $inc: { n: 10 } }", options));
        Assert.Equal(Parse("{ _id: 2, n: 14 }"), await Documents.FindOneAndDeleteAsync(Id(2)));
        Assert.Null(await Documents.FindOneAndDeleteAsync(Id(2)));
        Assert.Equal(
            Parse("{ _id: 9, n: 1 }"),
            await Documents.FindOneAndUpdateAsync(
                Id(9), "{ $set: { n: 1 } }", new FindOneAndUpdateOptions<BsonDocument> { IsUpsert = true, ReturnDocument = ReturnDocument.After }));
    }

    [Fact]
    public async Task Distinct_looks_into_arrays()
    {
        await Documents.InsertManyAsync([Parse("{ a: 2 }"), Parse("{ a: [1, 2] }"), Parse("{ b: 1 }")]);
        Assert.Equal([1, 2], await Documents.Distinct<int>("a", All).ToListAsync());
    }

    [Fact]
    public async Task An_update_by_pipeline_knows_the_time_of_the_server()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        await Documents.UpdateOneAsync(Id(1), new EmptyPipelineDefinition<BsonDocument>().AppendStage<BsonDocument, BsonDocument, BsonDocument>(
            "{ $set: { at: '$$NOW' } }"));
        var hello = await AdminAsync(new BsonDocument("hello", 1));
        var at = (await ReadAsync(1))!["at"].ToUniversalTime();
        Assert.InRange(hello["localTime"].ToUniversalTime() - at, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_document_above_16_MB_is_refused()
    {
        await Documents.InsertOneAsync(new BsonDocument { { "_id", 1 }, { "a", new string('x', 16_000_000) } });
        var error = await Assert.ThrowsAsync<MongoWriteException>(
            () => Documents.UpdateOneAsync(Id(1), new BsonDocument("$set", new BsonDocument("b", new string('y', 1_000_000)))));
        Assert.Contains(error.WriteError.Code, new[] { 17419, 10334, 17420 });
        Assert.False((await ReadAsync(1))!.Contains("b"));
    }

    [Fact]
    public async Task An_empty_batch_is_refused()
    {
        var error = await RefusedAsync(() => RunAsync("{ insert: 'documents', documents: [] }"));
        Assert.Equal((16, "InvalidLength"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task A_value_of_a_wrong_type_ends_no_connection()
    {
        await RefusedAsync(() => RunAsync("{ update: 'documents', updates: 5 }"));
        await RefusedAsync(() => RunAsync("{ insert: 'documents', documents: [5] }"));
        await RefusedAsync(() => RunAsync("{ delete: 'documents', deletes: [{ q: 5, limit: 1 }] }"));
        await RefusedAsync(() => RunAsync("{ aggregate: 'documents', pipeline: [{ $match: 5 }], cursor: {} }"));
        await RefusedAsync(() => RunAsync("{ aggregate: 'documents', pipeline: [5], cursor: { batchSize: 'x' } }"));
        await RefusedAsync(() => RunAsync("{ createIndexes: 'documents', indexes: [{ key: 5, name: 6 }] }"));
        await RefusedAsync(() => RunAsync("{ find: 5 }"));
    }

    [Fact]
    public async Task A_validator_refuses_what_it_does_not_allow()
    {
        await RunAsync("{ create: 'documents', validator: { $jsonSchema: { bsonType: 'object', required: ['a'] } } }");
        var error = (await Assert.ThrowsAsync<MongoWriteException>(() => Documents.InsertOneAsync(new BsonDocument("_id", 1)))).WriteError;
        Assert.Equal(121, error.Code);
        Assert.Equal(1, error.Details["failingDocumentId"].ToInt32());
        await RunAsync("{ collMod: 'documents', validator: {} }");
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
    }

    [Fact]
    public async Task Collections_are_created_listed_and_dropped()
    {
        await RunAsync("{ create: 'one' }");
        await Database.GetCollection<BsonDocument>("two").InsertOneAsync(new BsonDocument("_id", 1));
        Assert.Equal(["one", "two"], (await (await Database.ListCollectionNamesAsync()).ToListAsync()).Order());
        var error = await RefusedAsync(() => RunAsync("{ create: 'one', validator: { a: 1 } }"));
        Assert.Equal((48, "NamespaceExists"), (error.Code, error.CodeName));
        await Database.DropCollectionAsync("one");
        Assert.Equal(["two"], await (await Database.ListCollectionNamesAsync()).ToListAsync());
        Assert.Contains(Database.DatabaseNamespace.DatabaseName, await (await Server.Client.ListDatabaseNamesAsync()).ToListAsync());
        await Server.Client.DropDatabaseAsync(Database.DatabaseNamespace.DatabaseName);
        Assert.Empty(await (await Database.ListCollectionNamesAsync()).ToListAsync());
    }

    [Fact]
    public async Task Aggregate_reads_a_collection_through_its_stages()
    {
        await Documents.InsertManyAsync(Enumerable.Range(0, 10).Select(i => new BsonDocument { { "_id", i }, { "k", i % 2 }, { "n", i } }));
        var result = await Documents.Aggregate()
            .Match("{ n: { $gte: 4 } }").Group("{ _id: '$k', sum: { $sum: '$n' } }").Sort("{ _id: 1 }").ToListAsync();
        Assert.Equal([Parse("{ _id: 0, sum: 18 }"), Parse("{ _id: 1, sum: 21 }")], result);
    }

    [Fact]
    public async Task A_write_concern_that_one_member_cannot_meet_is_told_with_the_write()
    {
        var error = await Assert.ThrowsAsync<MongoWriteConcernException>(
            () => RunAsync("{ insert: 'documents', documents: [{ _id: 1 }], writeConcern: { w: 2, wtimeout: 100 } }"));
        Assert.Equal(100, error.WriteConcernResult.Response["writeConcernError"]["code"].ToInt32());
        Assert.NotNull(await ReadAsync(1));
    }
}
