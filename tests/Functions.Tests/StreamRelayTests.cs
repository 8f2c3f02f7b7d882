using Relaybox.Events;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

public sealed class StreamRelayTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task A_new_row_is_sent_and_marked_without_a_claim()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");

        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", Rows.StreamEvent(("100", Rows.Image("e-1")))));

        var message = Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));
        Assert.Equal("e-1", message.MessageAttributes["relaybox-event-id"].StringValue);
        Assert.Contains(Rows.Payload, message.Body, StringComparison.Ordinal);
        var row = await world.RowAsync("e-1");
        Assert.Equal("sent", row["status"].S);
        Assert.True(row.ContainsKey("expiresAt"));
        Assert.False(row.ContainsKey("dueShard"));
    }

    [Theory]
    [InlineData("MODIFY")]
    [InlineData("REMOVE")]
    [InlineData("UNKNOWN_TO_SDK_VERSION")]
    public async Task Only_inserts_are_relayed(string eventName)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");

        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", Rows.StreamEvent(eventName, ("100", Rows.Image("e-1")))));

        Assert.Empty(await world.ReceiveAllAsync(world.QueueUrl));
        Assert.Equal("pending", (await world.RowAsync("e-1"))["status"].S);
    }

    [Theory]
    [InlineData("status", "sent")]
    [InlineData("status", "publishing")]
    [InlineData("status", "failed")]
    [InlineData("status", "invented")]
    [InlineData("dueShard", "3")]
    [InlineData("claimToken", "another")]
    public async Task Rows_that_are_not_new_are_left_to_others(string name, string value)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);

        var input = Rows.StreamEvent(("100", Rows.Image("e-1", (name, new { S = value }))));
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Empty(await world.ReceiveAllAsync(world.QueueUrl));
    }

    [Fact]
    public async Task A_row_that_breaks_the_contract_is_parked_and_its_neighbours_are_sent()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        foreach (var id in new[] { "good-1", "bad-subject", "bad-payload", "bad-headers", "good-2" })
        {
            await world.PutRowAsync(id);
        }

        var input = Rows.StreamEvent(
            ("100", Rows.Image("good-1")),
            ("101", Rows.Image("bad-subject", ("subject", new { S = "orders.>" }))),
            ("102", Rows.Image("bad-payload", ("payload", null))),
            ("103", Rows.Image("bad-headers", ("headers", new { M = new { a = new { N = "1" } } }))),
            ("104", Rows.Image("good-2")));
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Equal(2, (await world.ReceiveAllAsync(world.QueueUrl)).Count);
        foreach (var (id, code) in new[]
        {
            ("bad-subject", "row.subject-invalid"), ("bad-payload", "row.payload-invalid"), ("bad-headers", "row.headers-invalid"),
        })
        {
            var row = await world.RowAsync(id);
            Assert.Equal("failed", row["status"].S);
            Assert.Equal(code, row["errorCode"].S);
            Assert.Equal("failed", row["dueShard"].S);
        }
    }

    [Fact]
    public async Task Records_without_an_image_or_an_id_are_skipped_so_that_the_shard_moves_on()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");

        var input = Rows.StreamEvent(
            ("100", null), ("101", Rows.Image("x", ("eventId", null))), ("102", Rows.Image("e-1")));
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));
    }

    [Fact]
    public async Task The_same_row_twice_in_one_batch_is_sent_once()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");

        await world.InvokeAsync("StreamRelay", Rows.StreamEvent(("100", Rows.Image("e-1")), ("101", Rows.Image("e-1"))));

        Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));
    }

    [Fact]
    public async Task A_row_for_later_is_put_into_the_due_index_and_not_sent()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var later = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        await world.PutRowAsync("e-1", ("availableAt", Rows.N(later)));

        var input = Rows.StreamEvent(("100", Rows.Image("e-1", ("availableAt", new { N = $"{later}" }))));
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Empty(await world.ReceiveAllAsync(world.QueueUrl));
        var row = await world.RowAsync("e-1");
        Assert.Equal("pending", row["status"].S);
        Assert.InRange(long.Parse(row["dueAt"].N, null), later - 5_000, later + 5_000);
        Assert.Equal("0", row["attempts"].N);
    }

    [Fact]
    public async Task A_row_for_the_end_of_the_calendar_or_after_it_costs_no_other_row_its_outcome()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var soon = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        (string Id, string? AvailableAt)[] rows =
            [("last", "253402300799999"), ("micro", "1796083200000000"), ("nano", "1796083200000000000"), ("soon", $"{soon}"), ("plain", null)];
        foreach (var (id, availableAt) in rows)
        {
            await (availableAt is null ? world.PutRowAsync(id) : world.PutRowAsync(id, ("availableAt", Rows.N(long.Parse(availableAt, null)))));
        }

        var input = Rows.StreamEvent([.. rows.Select((row, i) => ($"{100 + i}", row.AvailableAt is { } at
            ? Rows.Image(row.Id, ("availableAt", new { N = at }))
            : Rows.Image(row.Id)))]);
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));
        Assert.Equal("sent", (await world.RowAsync("plain"))["status"].S);
        Assert.InRange(long.Parse((await world.RowAsync("soon"))["dueAt"].N, null), soon - 5_000, soon + 5_000);
        Assert.Equal("pending", (await world.RowAsync("last"))["status"].S);
        Assert.True(long.Parse((await world.RowAsync("last"))["dueAt"].N, null) > 253402000000000);
        foreach (var id in new[] { "micro", "nano" })
        {
            var row = await world.RowAsync(id);
            Assert.Equal(("failed", ErrorCodes.FieldInvalid), (row["status"].S, row["errorCode"].S));
            Assert.Contains("after the year 9999", row["errorMessage"].S, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_time_left_nothing_is_sent_and_everything_is_reported()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");
        await world.PutRowAsync("e-2");

        var answer = await world.InvokeAsync(
            "StreamRelay", Rows.StreamEvent(("100", Rows.Image("e-1")), ("101", Rows.Image("e-2"))), TimeSpan.Zero);

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"100"},{"itemIdentifier":"101"}]}""", answer);
        Assert.Empty(await world.ReceiveAllAsync(world.QueueUrl));
    }

    [Fact]
    public async Task Where_the_outcome_cannot_be_recorded_the_records_come_again()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("OUTBOX_TABLE", "no-such-table");

        var answer = await world.InvokeAsync("StreamRelay", Rows.StreamEvent(("100", Rows.Image("e-1"))));

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"100"}]}""", answer);
    }

    [Fact]
    public async Task While_the_queue_is_out_of_reach_rows_wait_in_the_due_index_without_losing_an_attempt()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync("e-1");
        world.Set("QUEUE_URL", world.QueueUrl + "-that-is-not-there");

        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", Rows.StreamEvent(("100", Rows.Image("e-1")))));

        var row = await world.RowAsync("e-1");
        Assert.Equal("pending", row["status"].S);
        Assert.Equal("0", row["attempts"].N);
        Assert.Equal("publish.broker-unavailable", row["errorCode"].S);
        Assert.True(row.ContainsKey("dueShard"));
    }

    [Theory]
    [InlineData("""{"Records":[]}""")]
    [InlineData("""{"Records":null}""")]
    [InlineData("{}")]
    public async Task An_empty_event_is_a_success(string input)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));
    }
}
