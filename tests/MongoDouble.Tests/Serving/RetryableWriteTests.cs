using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class RetryableWriteTests(MongoDbServer server) : ServerTest(server)
{
    private readonly BsonDocument _session = new("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard));

    [Fact]
    public async Task A_repeated_statement_is_answered_again_and_not_executed()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        var update = "{ update: 'documents', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] }";
        var first = await WithAsync(update, 1);
        var second = await WithAsync(update, 1);
        Assert.Equal((1, 1), (first["nModified"].ToInt32(), second["nModified"].ToInt32()));
        Assert.Equal(1, (await ReadAsync(1))!["n"]);
        Assert.Equal([0], second["retriedStmtIds"].AsBsonArray.Select(id => id.ToInt32()));
    }

    [Fact]
    public async Task A_repeated_findAndModify_returns_the_same_document()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        var command = "{ findAndModify: 'documents', query: { _id: 1 }, update: { $inc: { n: 1 } }, new: true }";
        var first = await WithAsync(command, 1);
        await Documents.UpdateOneAsync(Id(1), "{ $inc: { n: 10 } }");
        Assert.Equal(first["value"], (await WithAsync(command, 1))["value"]);
        Assert.Equal(11, (await ReadAsync(1))!["n"]);
    }

    [Fact]
    public async Task A_repeated_insert_is_no_duplicate()
    {
        var insert = "{ insert: 'documents', documents: [{ _id: 1 }, { _id: 2 }] }";
        await WithAsync(insert, 1);
        Assert.Equal(2, (await WithAsync(insert, 1))["n"].ToInt32());
        var error = await WithAsync(insert, 2);
        Assert.Equal(11000, error["writeErrors"][0]["code"].ToInt32());
    }

    [Fact]
    public async Task A_retry_waits_for_the_first_attempt_and_does_not_execute_it_twice()
    {
        await Documents.InsertOneAsync(Parse("{ _id: 1, n: 0 }"));
        using var holder = await Server.Client.StartSessionAsync();
        holder.StartTransaction();
        await Documents.UpdateOneAsync(holder, Id(1), "{ $set: { held: true } }");
        var update = "{ update: 'documents', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] }";
        var first = WithAsync(update, 1);
        var retry = WithAsync(update, 1);
        await holder.CommitTransactionAsync();
        Assert.All(await Task.WhenAll(first, retry), answer => Assert.Equal(1, answer["nModified"].ToInt32()));
        Assert.Equal(1, (await ReadAsync(1))!["n"]);
    }

    [Fact]
    public async Task An_older_number_is_refused()
    {
        await WithAsync("{ insert: 'documents', documents: [{ _id: 1 }] }", 5);
        var error = await RefusedAsync(() => WithAsync("{ insert: 'documents', documents: [{ _id: 2 }] }", 4));
        Assert.Equal((225, "TransactionTooOld"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task A_command_that_is_no_retryable_write_takes_no_number()
    {
        var error = await RefusedAsync(() => WithAsync("{ find: 'documents' }", 1));
        Assert.Contains(error.Code, new[] { 50768, 50767, 72 });
    }

    private Task<BsonDocument> WithAsync(string command, long number)
    {
        var document = Parse(command);
        document["lsid"] = _session;
        document["txnNumber"] = number;
        return Database.RunCommandAsync<BsonDocument>(document);
    }
}
