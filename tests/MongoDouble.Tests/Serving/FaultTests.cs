using System.Diagnostics;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>Faults that the server makes when it is told to, on servers of their own: a fail point is for all of a server's clients.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private MongoDbServer _server = null!;
    private IMongoCollection<BsonDocument> _documents = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await MongoDbServer.StartAsync();
        _documents = Once(_server).GetDatabase("app").GetCollection<BsonDocument>("documents");
        await _documents.InsertOneAsync(new BsonDocument("_id", 0));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_command_fails_with_the_given_error_as_often_as_was_said()
    {
        await FailAsync("{ times: 2 }", "failCommands: ['find'], errorCode: 8");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(8, (await Assert.ThrowsAsync<MongoCommandException>(() => _documents.Find("{}").ToListAsync())).Code);
        }

        Assert.Single(await _documents.Find("{}").ToListAsync());
    }

    [Fact]
    public async Task A_fail_point_lasts_until_it_is_off()
    {
        await FailAsync("'alwaysOn'", "failCommands: ['find'], errorCode: 8");
        await Assert.ThrowsAsync<MongoCommandException>(() => _documents.Find("{}").ToListAsync());
        await Assert.ThrowsAsync<MongoCommandException>(() => _documents.Find("{}").ToListAsync());
        await _server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
            BsonDocument.Parse("{ configureFailPoint: 'failCommand', mode: 'off' }"));
        await _documents.Find("{}").ToListAsync();
    }

    [Fact]
    public async Task A_fail_point_can_let_commands_pass_first()
    {
        await FailAsync("{ skip: 1 }", "failCommands: ['find'], errorCode: 8");
        await _documents.Find("{}").ToListAsync();
        await Assert.ThrowsAsync<MongoCommandException>(() => _documents.Find("{}").ToListAsync());
    }

    [Fact]
    public async Task Labels_are_the_given_ones()
    {
        await FailAsync("{ times: 1 }", "failCommands: ['find'], errorCode: 8, errorLabels: ['OfMyOwn']");
        Assert.True((await Assert.ThrowsAsync<MongoCommandException>(() => _documents.Find("{}").ToListAsync())).HasErrorLabel("OfMyOwn"));
    }

    [Theory]
    [InlineData(10107)]
    [InlineData(91)]
    [InlineData(11602)]
    public async Task An_error_that_a_retry_may_cure_is_labelled_for_a_retryable_write(int code)
    {
        await FailAsync("{ times: 1 }", $"failCommands: ['update'], errorCode: {code}");
        var update = BsonDocument.Parse("{ update: 'documents', updates: [{ q: { _id: 0 }, u: { $set: { a: 1 } } }], txnNumber: NumberLong(1) }");
        update["lsid"] = new BsonDocument("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard));
        var error = await Assert.ThrowsAnyAsync<MongoException>(() => _documents.Database.RunCommandAsync<BsonDocument>(update));
        Assert.True(error.HasErrorLabel("RetryableWriteError"));
    }

    [Fact]
    public async Task The_driver_retries_a_write_that_lost_its_connection()
    {
        using var client = _server.CreateClient();
        var documents = client.GetDatabase("app").GetCollection<BsonDocument>("documents");
        await FailAsync("{ times: 1 }", "failCommands: ['update'], closeConnection: true");
        await documents.UpdateOneAsync("{ _id: 0 }", "{ $inc: { n: 1 } }");
        Assert.Equal(1, (await documents.Find("{ _id: 0 }").SingleAsync())["n"]);
    }

    [Fact]
    public async Task In_a_transaction_such_an_error_is_labelled_as_transient()
    {
        using var session = await _documents.Database.Client.StartSessionAsync();
        session.StartTransaction();
        await FailAsync("{ times: 1 }", "failCommands: ['insert'], errorCode: 11602");
        var error = await Assert.ThrowsAnyAsync<MongoException>(() => _documents.InsertOneAsync(session, new BsonDocument("_id", 1)));
        Assert.True(error.HasErrorLabel("TransientTransactionError"));
    }

    [Fact]
    public async Task A_commit_whose_connection_is_lost_has_an_unknown_result()
    {
        using var session = await _documents.Database.Client.StartSessionAsync();
        session.StartTransaction();
        await _documents.InsertOneAsync(session, new BsonDocument("_id", 1));
        // The driver itself retries a commit once.
        await FailAsync("{ times: 2 }", "failCommands: ['commitTransaction'], closeConnection: true");
        var error = await Assert.ThrowsAnyAsync<MongoException>(() => session.CommitTransactionAsync());
        Assert.True(error.HasErrorLabel("UnknownTransactionCommitResult"));
        await session.CommitTransactionAsync();
        Assert.Single(await _documents.Find("{ _id: 1 }").ToListAsync());
    }

    [Fact]
    public async Task A_write_concern_error_comes_with_a_write_that_was_done()
    {
        await FailAsync("{ times: 1 }", "failCommands: ['insert'], writeConcernError: { code: 64, errmsg: 'slow' }");
        await Assert.ThrowsAnyAsync<MongoException>(() => _documents.InsertOneAsync(new BsonDocument("_id", 1)));
        Assert.Single(await _documents.Find("{ _id: 1 }").ToListAsync());
    }

    [Fact]
    public async Task A_command_can_be_made_to_wait()
    {
        await FailAsync("{ times: 1 }", "failCommands: ['find'], blockConnection: true, blockTimeMS: 400");
        var watch = Stopwatch.StartNew();
        await _documents.Find("{}").ToListAsync();
        Assert.True(watch.ElapsedMilliseconds >= 390, $"{watch.ElapsedMilliseconds}");
    }

    [Fact]
    public async Task Only_one_application_is_meant_where_that_is_said()
    {
        await FailAsync("'alwaysOn'", "failCommands: ['find'], errorCode: 8, appName: 'unlucky'");
        await _documents.Find("{}").ToListAsync();
        using var unlucky = _server.CreateClient(settings => settings.ApplicationName = "unlucky");
        await Assert.ThrowsAsync<MongoCommandException>(
            () => unlucky.GetDatabase("app").GetCollection<BsonDocument>("documents").Find("{}").ToListAsync());
    }

    [Fact]
    public async Task A_primary_that_steps_down_refuses_writes_and_comes_back()
    {
        var admin = _server.Client.GetDatabase("admin");
        await admin.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ replSetStepDown: 1000, secondaryCatchUpPeriodSecs: 0, force: true }"));
        using var direct = _server.CreateClient(settings =>
        {
            settings.ReplicaSetName = null;
            settings.DirectConnection = true;
        });
        var hello = await direct.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1));
        Assert.Equal((false, true), (hello["isWritablePrimary"].AsBoolean, hello["secondary"].AsBoolean));
        var error = await Assert.ThrowsAnyAsync<MongoException>(
            () => direct.GetDatabase("app").RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ insert: 'documents', documents: [{ _id: 1 }] }")));
        Assert.IsType<MongoNotPrimaryException>(error);
        await direct.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("replSetFreeze", 0));

        // Its client finds it again by itself.
        using var client = _server.CreateClient();
        await client.GetDatabase("app").GetCollection<BsonDocument>("documents").InsertOneAsync(new BsonDocument("_id", 1));
    }

    [Fact]
    public async Task A_transaction_ends_when_it_has_lived_too_long()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { Parameters = ["transactionLifetimeLimitSeconds=1"] });
        var documents = Once(server).GetDatabase("app").GetCollection<BsonDocument>("documents");
        await documents.InsertOneAsync(new BsonDocument("_id", 1));
        using var session = await documents.Database.Client.StartSessionAsync();
        session.StartTransaction();
        await documents.UpdateOneAsync(session, "{ _id: 1 }", "{ $set: { a: 1 } }");
        // Waits until the transaction has been ended.
        await documents.UpdateOneAsync("{ _id: 1 }", "{ $set: { b: 1 } }");
        var error = await Assert.ThrowsAsync<MongoCommandException>(() => session.CommitTransactionAsync());
        Assert.Equal(251, error.Code);
    }

    // Without the driver's own retries.
    private static MongoClient Once(MongoDbServer server) => server.CreateClient(settings =>
    {
        settings.RetryReads = false;
        settings.RetryWrites = false;
    });

    private Task FailAsync(string mode, string data) => _server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
        BsonDocument.Parse($"{{ configureFailPoint: 'failCommand', mode: {mode}, data: {{ {data} }} }}"));
}
