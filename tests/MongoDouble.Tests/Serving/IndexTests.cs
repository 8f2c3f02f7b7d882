using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class IndexTests(MongoDbServer server) : ServerTest(server)
{
    [Fact]
    public async Task A_unique_index_refuses_a_second_document_with_its_key()
    {
        await CreateAsync("{ a: 1, b: 1 }", "unique: true");
        await Documents.InsertManyAsync([Parse("{ _id: 1, a: 1, b: 1 }"), Parse("{ _id: 2, a: 1, b: 2 }")]);
        var error = (await Assert.ThrowsAsync<MongoWriteException>(() => Documents.InsertOneAsync(Parse("{ _id: 3, a: 1, b: 2 }")))).WriteError;
        Assert.Contains("index: named dup key: { a: 1, b: 2 }", error.Message, StringComparison.Ordinal);
        error = (await Assert.ThrowsAsync<MongoWriteException>(() => Documents.UpdateOneAsync(Id(1), "{ $set: { b: 2 } }"))).WriteError;
        Assert.Equal(11000, error.Code);
        await Documents.DeleteOneAsync(Id(2));
        await Documents.UpdateOneAsync(Id(1), "{ $set: { b: 2 } }");
    }

    [Fact]
    public async Task A_duplicate_key_error_names_pattern_and_value()
    {
        await CreateAsync("{ a: 1 }", "unique: true");
        var answer = await RunAsync("{ insert: 'documents', documents: [{ a: 'x' }, { a: 'x' }] }");
        var error = answer["writeErrors"][0].AsBsonDocument;
        Assert.Equal(Parse("{ a: 1 }"), error["keyPattern"].AsBsonDocument);
        Assert.Equal(Parse("{ a: 'x' }"), error["keyValue"].AsBsonDocument);
    }

    [Fact]
    public async Task A_unique_index_over_existing_duplicates_is_refused()
    {
        await Documents.InsertManyAsync([Parse("{ a: 1 }"), Parse("{ a: 1 }")]);
        Assert.Equal(11000, (await RefusedAsync(() => CreateAsync("{ a: 1 }", "unique: true"))).Code);
        Assert.Single(await (await Documents.Indexes.ListAsync()).ToListAsync());
    }

    [Fact]
    public async Task Of_several_indexes_all_are_created_or_none()
    {
        await Documents.InsertManyAsync([Parse("{ a: 1, b: 1 }"), Parse("{ a: 2, b: 1 }")]);
        await RefusedAsync(() => RunAsync(
            "{ createIndexes: 'documents', indexes: [{ key: { a: 1 }, name: 'a' }, { key: { b: 1 }, name: 'b', unique: true }] }"));
        Assert.Single(await (await Documents.Indexes.ListAsync()).ToListAsync());
    }

    [Fact]
    public async Task A_unique_partial_index_refuses_only_what_its_filter_covers()
    {
        await CreateAsync("{ a: 1 }", "unique: true, partialFilterExpression: { open: true }");
        await Documents.InsertManyAsync([Parse("{ a: 1, open: true }"), Parse("{ a: 1, open: false }"), Parse("{ a: 1 }")]);
        await Assert.ThrowsAsync<MongoWriteException>(() => Documents.InsertOneAsync(Parse("{ a: 1, open: true }")));
        await Assert.ThrowsAsync<MongoWriteException>(() => Documents.UpdateOneAsync("{ open: false }", "{ $set: { open: true } }"));
    }

    [Fact]
    public async Task A_unique_sparse_index_allows_many_without_the_field_and_a_unique_one_does_not()
    {
        await CreateAsync("{ a: 1 }", "unique: true, sparse: true");
        await Documents.InsertManyAsync([Parse("{ b: 1 }"), Parse("{ b: 2 }")]);
        var other = Database.GetCollection<BsonDocument>("other");
        await other.Indexes.CreateOneAsync(new CreateIndexModel<BsonDocument>("{ a: 1 }", new CreateIndexOptions { Unique = true }));
        await other.InsertOneAsync(Parse("{ b: 1 }"));
        await Assert.ThrowsAsync<MongoWriteException>(() => other.InsertOneAsync(Parse("{ b: 2 }")));
    }

    [Fact]
    public async Task The_same_index_can_be_created_again_and_another_by_its_name_cannot()
    {
        await CreateAsync("{ a: 1 }", "unique: true");
        await CreateAsync("{ a: 1 }", "unique: true");
        Assert.Equal(86, (await RefusedAsync(() => CreateAsync("{ b: 1 }", "unique: true"))).Code);
        Assert.Contains((await RefusedAsync(() => CreateAsync("{ a: 1 }", "unique: false"))).Code, new[] { 85, 86 });
        var error = await RefusedAsync(() => RunAsync(
            "{ createIndexes: 'documents', indexes: [{ key: { a: 1 }, name: 'other', unique: true }] }"));
        Assert.Equal((85, "IndexOptionsConflict"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task An_option_that_no_index_has_is_refused() =>
        Assert.Equal(197, (await RefusedAsync(() => CreateAsync("{ a: 1 }", "fast: true"))).Code);

    [Fact]
    public async Task An_index_is_listed_and_dropped()
    {
        await CreateAsync("{ a: 1 }", "expireAfterSeconds: 60");
        var listed = (await (await Documents.Indexes.ListAsync()).ToListAsync()).Single(index => index["name"] == "named");
        Assert.Equal(60, listed["expireAfterSeconds"].ToInt32());
        await Documents.Indexes.DropOneAsync("named");
        Assert.Single(await (await Documents.Indexes.ListAsync()).ToListAsync());
        Assert.Equal(27, (await RefusedAsync(() => Documents.Indexes.DropOneAsync("named"))).Code);
    }

    [Fact]
    public async Task A_ttl_index_deletes_what_is_old()
    {
        await CreateAsync("{ at: 1 }", "expireAfterSeconds: 0");
        await Documents.InsertManyAsync(
        [
            new BsonDocument { { "_id", 1 }, { "at", DateTime.UtcNow.AddHours(-1) } },
            new BsonDocument { { "_id", 2 }, { "at", DateTime.UtcNow.AddHours(1) } },
            Parse("{ _id: 3 }"),
        ]);
        await Eventually.TrueAsync(async () => await ReadAsync(1) is null, "the old one is gone", TimeSpan.FromMinutes(3));
        Assert.Equal(2, await Documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task An_equality_and_a_range_are_read_from_an_index()
    {
        await CreateAsync("{ state: 1, due: 1 }", "unique: false");
        await FillAsync();
        var stats = await ExplainAsync("{ find: 'documents', filter: { state: 1, due: { $gte: 10, $lt: 30 } }, sort: { due: 1 } }");
        var plan = stats["queryPlanner"]["winningPlan"].AsBsonDocument;
        Assert.Equal("FETCH", plan["stage"]);
        Assert.Equal(("IXSCAN", "named"), (plan["inputStage"]["stage"].AsString, plan["inputStage"]["indexName"].AsString));
        Assert.Equal(10, stats["executionStats"]["nReturned"].ToInt32());
        Assert.InRange(stats["executionStats"]["totalKeysExamined"].ToInt32(), 10, 11);
        Assert.Equal(10, stats["executionStats"]["totalDocsExamined"].ToInt32());
    }

    [Fact]
    public async Task An_index_is_read_backwards_for_a_descending_sort()
    {
        await CreateAsync("{ state: 1, due: 1 }", "unique: false");
        await FillAsync();
        var found = await Documents.Find("{ state: 0 }").Sort("{ due: -1 }").Limit(2).ToListAsync();
        Assert.Equal([98, 96], found.Select(document => document["due"].AsInt32));
        var stats = await ExplainAsync("{ find: 'documents', filter: { state: 0 }, sort: { due: -1 }, limit: 2 }");
        Assert.Equal(2, stats["executionStats"]["totalDocsExamined"].ToInt32());
    }

    [Fact]
    public async Task A_query_without_an_index_scans_the_collection()
    {
        await FillAsync();
        var stats = await ExplainAsync("{ find: 'documents', filter: { due: 5 } }");
        Assert.Equal("COLLSCAN", stats["queryPlanner"]["winningPlan"]["stage"]);
        Assert.Equal(100, stats["executionStats"]["totalDocsExamined"].ToInt32());
    }

    [Fact]
    public async Task A_sort_without_an_index_is_done_afterwards()
    {
        await FillAsync();
        var stats = await ExplainAsync("{ find: 'documents', filter: {}, sort: { due: 1 } }");
        Assert.Equal("SORT", stats["queryPlanner"]["winningPlan"]["stage"]);
    }

    [Fact]
    public async Task A_partial_index_serves_only_queries_that_imply_its_filter()
    {
        await CreateAsync("{ due: 1 }", "partialFilterExpression: { state: 0 }");
        await FillAsync();
        var served = await ExplainAsync("{ find: 'documents', filter: { state: 0, due: { $lt: 10 } } }");
        Assert.Equal(5, served["executionStats"]["totalKeysExamined"].ToInt32(), 1.0);
        var scanned = await ExplainAsync("{ find: 'documents', filter: { due: { $lt: 10 } } }");
        Assert.Equal("COLLSCAN", scanned["queryPlanner"]["winningPlan"]["stage"]);
        Assert.Equal(10, scanned["executionStats"]["nReturned"].ToInt32());
    }

    [Theory]
    [InlineData("{ update: 'documents', updates: [{ q: { due: 5 }, u: { $set: { a: 1 } } }] }")]
    [InlineData("{ delete: 'documents', deletes: [{ q: { due: 5 }, limit: 1 }] }")]
    [InlineData("{ count: 'documents', query: { due: 5 } }")]
    [InlineData("{ aggregate: 'documents', pipeline: [{ $match: { due: 5 } }], cursor: {} }")]
    public async Task Other_commands_are_explained_too(string command)
    {
        await CreateAsync("{ due: 1 }", "unique: false");
        await FillAsync();
        var stats = await ExplainAsync(command);
        Assert.Contains("\"IXSCAN\"", stats.ToJson(), StringComparison.Ordinal);
        Assert.Equal(100, await Documents.CountDocumentsAsync(All));
    }

    [Fact]
    public async Task A_hint_names_the_index_that_is_read()
    {
        await CreateAsync("{ state: 1 }", "unique: false");
        await FillAsync();
        var stats = await ExplainAsync("{ find: 'documents', filter: { _id: 4, state: 0 }, hint: 'named' }");
        Assert.Equal("named", stats["queryPlanner"]["winningPlan"]["inputStage"]["indexName"]);
        Assert.Equal(2, (await RefusedAsync(() => RunAsync("{ find: 'documents', hint: 'unknown' }"))).Code);
    }

    [Fact]
    public async Task An_array_is_found_by_each_of_its_elements()
    {
        await CreateAsync("{ tags: 1 }", "unique: false");
        await Documents.InsertManyAsync(
            [Parse("{ _id: 1, tags: ['a', 'b'] }"), Parse("{ _id: 2, tags: ['b'] }"), Parse("{ _id: 3, tags: [5, 15] }")]);
        Assert.Equal(2, await Documents.CountDocumentsAsync("{ tags: 'b' }"));
        Assert.Equal(1, await Documents.CountDocumentsAsync("{ tags: { $in: ['a', 'b'] }, _id: 1 }"));
        Assert.Equal(1, await Documents.CountDocumentsAsync("{ tags: { $gt: 10, $lt: 8 } }"));
        Assert.Equal(2, (await Documents.Find("{ tags: { $in: ['a', 'b'] } }").ToListAsync()).Count);
    }

    [Fact]
    public async Task A_hundred_thousand_documents_are_searched_by_their_index()
    {
        await CreateAsync("{ state: 1, due: 1 }", "unique: false");
        for (var i = 0; i < 10; i++)
        {
            var start = i * 10_000;
            await Documents.InsertManyAsync(Enumerable.Range(start, 10_000).Select(
                n => new BsonDocument { { "_id", n }, { "state", n % 100 == 0 ? 1 : 0 }, { "due", n } }));
        }

        var stats = await ExplainAsync("{ find: 'documents', filter: { state: 1, due: { $lte: 50000 } }, sort: { due: 1 }, limit: 100 }");
        Assert.Equal(100, stats["executionStats"]["totalDocsExamined"].ToInt32());
        var updated = await Documents.UpdateManyAsync("{ state: 1 }", "{ $set: { state: 2 } }");
        Assert.Equal(1000, updated.ModifiedCount);
    }

    private Task<BsonDocument> CreateAsync(string key, string options) =>
        RunAsync($"{{ createIndexes: 'documents', indexes: [{{ key: {key}, name: 'named', {options} }}] }}");

    private Task FillAsync() => Documents.InsertManyAsync(
        Enumerable.Range(0, 100).Select(i => new BsonDocument { { "_id", i }, { "state", i % 2 }, { "due", i } }));

    private Task<BsonDocument> ExplainAsync(string command) => Database.RunCommandAsync<BsonDocument>(
        new BsonDocument { { "explain", Parse(command) }, { "verbosity", "executionStats" } });
}
