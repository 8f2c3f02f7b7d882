using Amazon.DynamoDBv2.Model;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

public sealed class ScheduledFunctionTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    private static long Ago(double hours) => DateTimeOffset.UtcNow.AddHours(-hours).ToUnixTimeMilliseconds();

    [Fact]
    public async Task The_sweep_sends_what_is_due_and_takes_over_what_a_dead_relay_left()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("due", ("dueShard", Rows.S("1")), ("dueAt", Rows.N(Ago(0.1))));
        await world.PutRowAsync("later", ("dueShard", Rows.S("1")), ("dueAt", Rows.N(Ago(-1))));
        await world.PutRowAsync(
            "left", ("status", Rows.S("publishing")), ("claimToken", Rows.S("dead")), ("dueShard", Rows.S("2")), ("dueAt", Rows.N(Ago(0.1))));
        await world.PutRowAsync(
            "held", ("status", Rows.S("publishing")), ("claimToken", Rows.S("alive")), ("dueShard", Rows.S("2")), ("dueAt", Rows.N(Ago(-1))));

        Assert.Equal(
            """{"job":"sweep","affected":2,"complete":true}""", await world.InvokeAsync("SweepRelay", """{"job":"sweep"}"""));

        var sent = (await world.ReceiveAllAsync(world.QueueUrl)).ConvertAll(message => message.MessageAttributes["relaybox-event-id"].StringValue);
        Assert.Equal(["due", "left"], sent.Order(StringComparer.Ordinal));
        Assert.Equal("sent", (await world.RowAsync("left"))["status"].S);
        Assert.Equal("alive", (await world.RowAsync("held"))["claimToken"].S);
    }

    [Fact]
    public async Task Cleanup_deletes_only_what_was_sent_long_enough_ago()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("SENT_RETENTION_HOURS", "24");
        await world.PutRowAsync("old", ("status", Rows.S("sent")), ("sentAt", Rows.N(Ago(25))), ("enqueuedAt", Rows.N(Ago(26))));
        await world.PutRowAsync("fresh", ("status", Rows.S("sent")), ("sentAt", Rows.N(Ago(1))), ("enqueuedAt", Rows.N(Ago(900))));
        await world.PutRowAsync("pending", ("enqueuedAt", Rows.N(Ago(900))));

        await world.InvokeAsync("Cleanup", """{"job":"cleanup"}""");

        Assert.Empty(await world.RowAsync("old"));
        Assert.NotEmpty(await world.RowAsync("fresh"));
        Assert.NotEmpty(await world.RowAsync("pending"));
    }

    [Fact]
    public async Task ResetStale_ends_claims_whose_lease_is_over()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync(
            "stale", ("status", Rows.S("publishing")), ("claimToken", Rows.S("dead")), ("dueShard", Rows.S("2")), ("dueAt", Rows.N(Ago(1))));

        await world.InvokeAsync("ResetStale", """{"job":"reset-stale"}""");

        var row = await world.RowAsync("stale");
        Assert.Equal("pending", row["status"].S);
        Assert.False(row.ContainsKey("claimToken"));
    }

    [Fact]
    public async Task Reconcile_finds_rows_that_the_stream_lost()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("lost", ("enqueuedAt", Rows.N(Ago(1))));
        await world.PutRowAsync("new", ("enqueuedAt", Rows.N(Ago(0))));
        await world.PutRowAsync("strange", ("status", Rows.S("invented")), ("enqueuedAt", Rows.N(Ago(1))));

        await world.InvokeAsync("Reconcile", """{"job":"reconcile"}""");
        await world.InvokeAsync("SweepRelay", """{"job":"sweep"}""");

        Assert.Equal("sent", (await world.RowAsync("lost"))["status"].S);
        Assert.Equal("pending", (await world.RowAsync("new"))["status"].S);
        Assert.Equal("invented", (await world.RowAsync("strange"))["status"].S);
        Assert.False((await world.RowAsync("strange")).ContainsKey("dueShard"));
    }

    [Fact]
    public async Task A_job_that_somebody_holds_is_not_run_twice_at_once()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("lost", ("enqueuedAt", Rows.N(Ago(1))));
        await world.DynamoDb.PutItemAsync(world.Get("JOBS_TABLE"), new Dictionary<string, AttributeValue>
        {
            ["job"] = Rows.S("reconcile-outbox"),
            ["claimToken"] = Rows.S("another"),
            ["leaseUntil"] = Rows.N(Ago(-1)),
        });

        await world.InvokeAsync("Reconcile", """{"job":"reconcile"}""");

        Assert.False((await world.RowAsync("lost")).ContainsKey("dueShard"));
    }
}
