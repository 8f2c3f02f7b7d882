using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with the tables is planted, and found. DynamoDB Local stands for the service.</summary>
public sealed class DynamoDbDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task A_healthy_system_has_no_problem()
    {
        await using var world = await CreateAsync();
        var found = await Examination.OfAsync(world);
        found.AssertHealthy();
        Assert.DoesNotContain(found.Findings, finding => finding.Severity == FindingSeverity.Warning);
    }

    [Theory]
    [InlineData("OUTBOX_TABLE")]
    [InlineData("INBOX_TABLE")]
    [InlineData("JOBS_TABLE")]
    public async Task A_table_that_is_not_there_is_found(string variable)
    {
        await using var world = await CreateAsync();
        world.Set(variable, "absent");
        Assert.Contains(variable, (await Examination.OfAsync(world)).AssertOnly("tables.missing").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_of_another_kind_is_found()
    {
        await using var world = await CreateAsync();
        world.Set("INBOX_TABLE", world.EffectsTable);
        (await Examination.OfAsync(world)).AssertOnly("tables.other-key");
    }

    [Fact]
    public async Task A_missing_index_is_found()
    {
        await using var world = await CreateAsync();
        var name = DynamoDbLocal.UniqueName("outbox");
        await dynamoDb.Client.CreateTableAsync(
            Rows.Table(name, "eventId", null, withDueIndex: false), TestContext.Current.CancellationToken);
        world.Set("OUTBOX_TABLE", name);
        world.Set("RELAY_TRIGGER", "schedule");
        (await Examination.OfAsync(world)).AssertFound("tables.index-missing", FindingSeverity.Problem);
    }

    [Fact]
    public async Task A_stream_that_is_off_is_found()
    {
        await using var world = await CreateAsync();
        await StreamAsync(world, isOn: false);
        (await Examination.OfAsync(world)).AssertOnly("tables.no-stream");
        world.Set("RELAY_TRIGGER", "schedule");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task An_expiry_that_is_off_is_warned_of()
    {
        await using var world = await CreateAsync();
        await ExpireAsync(world.InboxTable, isOn: false);
        (await Examination.OfAsync(world)).AssertFound("tables.no-expiry", FindingSeverity.Warning);
    }

    [Fact]
    public async Task Rows_that_nobody_relays_are_found()
    {
        await using var world = await CreateAsync();
        await world.PutRowAsync(
            "a", ("dueShard", Rows.S("0")), ("dueAt", Rows.N(DateTimeOffset.UtcNow.AddMinutes(-10).ToUnixTimeMilliseconds())));
        (await Examination.OfAsync(world)).AssertOnly("relay.behind");
    }

    [Fact]
    public async Task A_subject_of_a_parked_row_without_a_handler_is_found()
    {
        await using var world = await CreateAsync();
        var parkedAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await world.PutRowAsync(
            "a", ("subject", Rows.S("nobody.listens")), ("status", Rows.S("failed")), ("dueShard", Rows.S("failed")), ("dueAt", Rows.N(parkedAt)),
            ("failedAt", Rows.N(parkedAt)));
        (await Examination.OfAsync(world)).AssertOnly("handlers.missing");
    }

    private Task StreamAsync(FunctionWorld world, bool isOn) => dynamoDb.Client.UpdateTableAsync(new UpdateTableRequest
    {
        TableName = world.OutboxTable,
        StreamSpecification = isOn
            ? new StreamSpecification { StreamEnabled = true, StreamViewType = StreamViewType.NEW_IMAGE }
            : new StreamSpecification { StreamEnabled = false },
    });

    private Task ExpireAsync(string table, bool isOn) => dynamoDb.Client.UpdateTimeToLiveAsync(new UpdateTimeToLiveRequest
    {
        TableName = table, TimeToLiveSpecification = new TimeToLiveSpecification { Enabled = isOn, AttributeName = "expiresAt" },
    });

    private async Task<FunctionWorld> CreateAsync()
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await Queues.MakeAsInTemplateAsync(world);
        await StreamAsync(world, isOn: true);
        await ExpireAsync(world.OutboxTable, isOn: true);
        await ExpireAsync(world.InboxTable, isOn: true);
        return world;
    }
}
