using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with the collections is planted, and found.</summary>
public sealed class MongoDbDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs, MongoDbServer server) : IClassFixture<MongoDbServer>
{
    private IMongoDatabase _database = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_healthy_system_has_no_problem()
    {
        await using var world = await CreateAsync();
        Assert.Empty((await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task A_missing_Setup_is_found_and_Setup_puts_it_right()
    {
        await using var world = await CreateAsync(setUp: false);
        Assert.Contains("schema.missing", (await Examination.OfAsync(world)).Problems);
        await world.InvokeAsync("Setup", "{}");
        Assert.Empty((await Examination.OfAsync(world)).Problems);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public async Task Collections_of_another_version_are_found(int version)
    {
        await using var world = await CreateAsync();
        await _database.GetCollection<BsonDocument>("outbox_schema").UpdateOneAsync(
            new BsonDocument(), new BsonDocument("$set", new BsonDocument("version", version)), cancellationToken: Ct);
        Assert.Contains("schema.other", (await Examination.OfAsync(world)).Problems);
    }

    [Theory]
    [InlineData("outbox", "due")]
    [InlineData("inbox", "leased")]
    [InlineData("inbox", "failed")]
    public async Task A_missing_index_is_found_and_Setup_puts_it_right(string collection, string index)
    {
        await using var world = await CreateAsync();
        await _database.GetCollection<BsonDocument>(collection).Indexes.DropOneAsync(index, Ct);
        Assert.Contains($"'{index}'", (await Examination.OfAsync(world)).AssertOnly("schema.index-missing").Text, StringComparison.Ordinal);
        await world.InvokeAsync("Setup", "{}");
        Assert.Empty((await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task A_counter_that_is_behind_its_rows_is_found_and_Setup_puts_it_right()
    {
        await using var world = await CreateAsync();
        await InsertAsync(new BsonDocument
        {
            { "_id", "a" }, { "subject", "orders.placed" }, { "payload", "{}" }, { "status", "pending" }, { "orderingKey", "k" },
            { "orderNumber", 7L }, { "availableAt", DateTime.UtcNow },
        });
        (await Examination.OfAsync(world)).AssertOnly("schema.sequence-behind");
        await world.InvokeAsync("Setup", "{}");
        Assert.Empty((await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task A_subject_without_a_handler_and_rows_that_nobody_relays_are_found()
    {
        await using var world = await CreateAsync();
        await InsertAsync(new BsonDocument
        {
            { "_id", "a" }, { "subject", "nobody.listens" }, { "payload", "{}" }, { "status", "pending" },
            { "availableAt", DateTime.UtcNow.AddMinutes(-10) },
        });
        Assert.Equal(["handlers.missing", "relay.behind"], (await Examination.OfAsync(world)).Problems.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_told_once()
    {
        await using var world = await CreateAsync();
        world.Set("MONGODB_URI", "mongodb://127.0.0.1:1/nothing?serverSelectionTimeoutMS=500");
        var found = await Examination.OfAsync(world);
        found.AssertOnly("store.failed");
        Assert.Single(found.Findings, finding => finding.Id == "store.failed");
    }

    private Task InsertAsync(BsonDocument row) => _database.GetCollection<BsonDocument>("outbox").InsertOneAsync(row, cancellationToken: Ct);

    private async Task<FunctionWorld> CreateAsync(bool setUp = true)
    {
        _database = server.CreateDatabase();
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await Queues.MakeAsInTemplateAsync(world);
        var url = new MongoUrlBuilder(server.ConnectionString) { DatabaseName = _database.DatabaseNamespace.DatabaseName };
        foreach (var (name, value) in new[]
        {
            ("STORE", "mongodb"), ("MONGODB_URI", url.ToString()), ("OUTBOX_TABLE", "outbox"), ("INBOX_TABLE", "inbox"), ("JOBS_TABLE", "jobs"),
            ("EFFECTS_TABLE", "effects"),
        })
        {
            world.Set(name, value);
        }

        if (setUp)
        {
            await world.InvokeAsync("Setup", "{}");
        }

        return world;
    }
}
