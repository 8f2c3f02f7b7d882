using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class ChangeStreamTests(MongoDbServer server) : ServerTest(server)
{
    [Fact]
    public async Task Changes_are_told_in_their_order()
    {
        using var stream = await Documents.WatchAsync();
        await Documents.InsertOneAsync(Parse("{ _id: 1, a: 1, b: { c: 1, d: 2 } }"));
        await Documents.UpdateOneAsync(Id(1), "{ $set: { 'b.c': 2 }, $unset: { a: 1 } }");
        await Documents.ReplaceOneAsync(Id(1), Parse("{ _id: 1, z: 1 }"));
        await Documents.DeleteOneAsync(Id(1));

        var events = await TakeAsync(stream, 4);
        Assert.Equal(
            [ChangeStreamOperationType.Insert, ChangeStreamOperationType.Update, ChangeStreamOperationType.Replace, ChangeStreamOperationType.Delete],
            events.Select(change => change.OperationType));
        Assert.Equal(Parse("{ _id: 1, a: 1, b: { c: 1, d: 2 } }"), events[0].FullDocument);
        Assert.Null(events[1].FullDocument);
        Assert.Equal(Parse("{ 'b.c': 2 }"), events[1].UpdateDescription.UpdatedFields);
        Assert.Equal(["a"], events[1].UpdateDescription.RemovedFields);
        Assert.Equal(Parse("{ _id: 1, z: 1 }"), events[2].FullDocument);
        Assert.All(events, change => Assert.Equal(Parse("{ _id: 1 }"), change.DocumentKey));
        Assert.Equal(events.Select(change => change.ClusterTime), events.Select(change => change.ClusterTime).Order());
    }

    [Fact]
    public async Task A_transaction_is_told_as_a_whole_when_it_commits()
    {
        await Database.CreateCollectionAsync("documents");
        using var stream = await Documents.WatchAsync();
        using var session = await Server.Client.StartSessionAsync();
        session.StartTransaction();
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 1));
        await Documents.InsertOneAsync(new BsonDocument("_id", 2));
        await Documents.InsertOneAsync(session, new BsonDocument("_id", 3));
        await session.CommitTransactionAsync();

        var events = await TakeAsync(stream, 3);
        Assert.Equal([2, 1, 3], events.Select(change => change.DocumentKey["_id"].AsInt32));
        Assert.Equal(events[1].ClusterTime, events[2].ClusterTime);
    }

    [Fact]
    public async Task An_updates_event_holds_the_document_where_that_is_wanted()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var stream = await Documents.WatchAsync(new ChangeStreamOptions { FullDocument = ChangeStreamFullDocumentOption.UpdateLookup });
        await Documents.UpdateOneAsync(Id(1), "{ $inc: { n: 1 } }");
        Assert.Equal(1, (await TakeAsync(stream, 1))[0].FullDocument["n"]);
    }

    [Fact]
    public async Task A_stream_can_be_resumed_after_each_event()
    {
        ChangeStreamDocument<BsonDocument>[] events;
        using (var stream = await Documents.WatchAsync())
        {
            await Documents.InsertManyAsync(Enumerable.Range(0, 5).Select(i => new BsonDocument("_id", i)));
            events = await TakeAsync(stream, 5);
        }

        for (var i = 0; i < 4; i++)
        {
            using var resumed = await Documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = events[i].ResumeToken });
            var rest = await TakeAsync(resumed, 4 - i);
            Assert.Equal(Enumerable.Range(i + 1, 4 - i), rest.Select(change => change.DocumentKey["_id"].AsInt32));
        }
    }

    [Fact]
    public async Task A_stream_can_begin_at_a_time()
    {
        var answer = await RunAsync("{ insert: 'documents', documents: [{ _id: 1 }] }");
        await Documents.InsertOneAsync(new BsonDocument("_id", 2));
        using var stream = await Documents.WatchAsync(new ChangeStreamOptions { StartAtOperationTime = answer["operationTime"].AsBsonTimestamp });
        Assert.Equal([1, 2], (await TakeAsync(stream, 2)).Select(change => change.DocumentKey["_id"].AsInt32));
    }

    [Fact]
    public async Task Stages_choose_events_and_the_token_goes_on_over_the_others()
    {
        var stages = new EmptyPipelineDefinition<ChangeStreamDocument<BsonDocument>>().Match("{ 'fullDocument.wanted': true }");
        using var stream = await Documents.WatchAsync(stages);
        var before = stream.GetResumeToken();
        await Documents.InsertOneAsync(Parse("{ _id: 1 }"));
        await Eventually.TrueAsync(
            async () =>
            {
                await stream.MoveNextAsync();
                Assert.Empty(stream.Current);
                return !stream.GetResumeToken().Equals(before);
            },
            "the token moves on");
        await Documents.InsertOneAsync(Parse("{ _id: 2, wanted: true }"));
        Assert.Equal(2, (await TakeAsync(stream, 1))[0].DocumentKey["_id"]);
    }

    [Fact]
    public async Task A_stage_may_leave_nothing_but_the_token()
    {
        var stages = new EmptyPipelineDefinition<ChangeStreamDocument<BsonDocument>>()
            .AppendStage<ChangeStreamDocument<BsonDocument>, ChangeStreamDocument<BsonDocument>, BsonDocument>("{ $project: { _id: 1 } }");
        using var stream = await Documents.WatchAsync(stages);
        await Documents.InsertOneAsync(Parse("{ _id: 1, a: 1 }"));
        var only = await Eventually.ValueAsync(
            async () => await stream.MoveNextAsync() ? stream.Current.ToArray() : [], found => found.Length > 0, "the event comes");
        Assert.Equal(["_id"], only[0].Names);
    }

    [Fact]
    public async Task A_group_stage_is_refused()
    {
        var error = await RefusedAsync(
            () => RunAsync("{ aggregate: 'documents', pipeline: [{ $changeStream: {} }, { $group: { _id: 1 } }], cursor: {} }"));
        Assert.Equal((20, "IllegalOperation"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task A_dropped_collection_ends_its_stream()
    {
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var stream = await Documents.WatchAsync();
        await Database.DropCollectionAsync("documents");
        var events = await TakeAsync(stream, 2);
        Assert.Equal([ChangeStreamOperationType.Drop, ChangeStreamOperationType.Invalidate], events.Select(change => change.OperationType));
        Assert.False(await stream.MoveNextAsync());
        var error = await RefusedAsync(() => Documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = events[1].ResumeToken }));
        Assert.Equal(260, error.Code);
        using var after = await Documents.WatchAsync(new ChangeStreamOptions { StartAfter = events[1].ResumeToken });
        await Documents.InsertOneAsync(new BsonDocument("_id", 2));
        Assert.Equal(2, (await TakeAsync(after, 1))[0].DocumentKey["_id"]);
    }

    [Fact]
    public async Task A_database_is_watched_with_all_its_collections()
    {
        using var stream = await Database.WatchAsync();
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        await Database.GetCollection<BsonDocument>("others").InsertOneAsync(new BsonDocument("_id", 2));
        var events = await TakeAsync(stream, 2);
        Assert.Equal(["documents", "others"], events.Select(change => change.CollectionNamespace.CollectionName));
    }

    [Fact]
    public async Task A_getMore_waits_for_an_event_no_longer_than_it_is_told()
    {
        using var stream = await Documents.WatchAsync(new ChangeStreamOptions { MaxAwaitTime = TimeSpan.FromMinutes(5) });
        await stream.MoveNextAsync();
        var next = stream.MoveNextAsync();
        await Documents.InsertOneAsync(new BsonDocument("_id", 1));
        await next;
        Assert.Single(stream.Current);

        using var impatient = await Documents.WatchAsync(new ChangeStreamOptions { MaxAwaitTime = TimeSpan.FromMilliseconds(1) });
        Assert.True(await impatient.MoveNextAsync());
        Assert.True(await impatient.MoveNextAsync());
        Assert.Empty(impatient.Current);
    }

    [Fact]
    public async Task A_token_that_is_none_is_refused()
    {
        var error = await RefusedAsync(() => Documents.WatchAsync(new ChangeStreamOptions { ResumeAfter = Parse("{ _data: 'xyz' }") }));
        Assert.True(error.Code is 260 or 9 or 50811, $"{error.Code}");
    }

    internal static async Task<ChangeStreamDocument<BsonDocument>[]> TakeAsync(
        IChangeStreamCursor<ChangeStreamDocument<BsonDocument>> stream, int count)
    {
        var events = new List<ChangeStreamDocument<BsonDocument>>();
        await Eventually.TrueAsync(
            async () =>
            {
                if (await stream.MoveNextAsync())
                {
                    events.AddRange(stream.Current);
                }

                return events.Count >= count;
            },
            $"{count} events come");
        Assert.Equal(count, events.Count);
        return [.. events];
    }
}
