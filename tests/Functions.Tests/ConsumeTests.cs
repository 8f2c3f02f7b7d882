using System.Text.Json;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

public sealed class ConsumeTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task A_message_has_its_effect_once_however_often_it_comes()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(($"m-{i}", Rows.Envelope("e-1")))));
        }

        var effect = await world.EffectAsync("e-1");
        Assert.Equal("1", effect["applied"].N);
        Assert.Equal("o-1", effect["orderId"].S);
    }

    [Fact]
    public async Task Copies_in_one_batch_have_one_effect()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var copies = Enumerable.Range(0, 10).Select(i => ($"m-{i}", Rows.Envelope("e-1"))).ToArray();

        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(copies)));

        Assert.Equal("1", (await world.EffectAsync("e-1"))["applied"].N);
    }

    [Theory]
    [InlineData("not json", "message.unreadable")]
    [InlineData("", "message.unreadable")]
    [InlineData("[]", "message.unreadable")]
    [InlineData("{}", "message.unreadable")]
    [InlineData("""{"id":7,"subject":"orders.placed","payload":{}}""", "message.unreadable")]
    [InlineData("""{"id":"e-1","id":"e-2","subject":"orders.placed","payload":{}}""", "message.unreadable")]
    [InlineData("""{"id":"e-1","subject":"orders.>","payload":{}}""", "row.subject-invalid")]
    [InlineData("""{"id":"e-1","subject":"nobody.listens","payload":{}}""", "message.subject-unhandled")]
    [InlineData("""{"id":"e-1","subject":"orders.placed","payload":{"orderId":7}}""", "message.payload-unreadable")]
    [InlineData("""{"id":"e-1","subject":"orders.placed","payload":{}}""", "message.payload-unreadable")]
    [InlineData("""{"id":"e-1","subject":"orders.placed","payload":null}""", "message.payload-unreadable")]
    public async Task A_message_that_can_never_be_handled_goes_to_the_dead_letter_queue_and_its_neighbours_are_handled(
        string body, string code)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);

        // SQS itself refuses an empty body; an event source of another kind may not.
        var dead = body.Length == 0 ? " " : body;
        var input = Rows.SqsEvent(("m-1", Rows.Envelope("good-1")), ("m-2", dead), ("m-3", Rows.Envelope("good-2")));
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", input));

        var message = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal(dead, message.Body);
        Assert.Equal(code, message.MessageAttributes["relaybox-error-code"].StringValue);
        Assert.Equal("m-2", message.MessageAttributes["relaybox-source-message-id"].StringValue);
        Assert.Equal("1", (await world.EffectAsync("good-1"))["applied"].N);
        Assert.Equal("1", (await world.EffectAsync("good-2"))["applied"].N);
    }

    [Theory]
    [InlineData("true", null)]
    [InlineData("false", "The message is an SNS notification, and SQS_UNWRAP is off.")]
    public async Task An_event_that_SNS_wrapped_has_its_effect_where_the_setting_allows_it(string setting, string? reason)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("SQS_UNWRAP", setting);
        var notification = JsonSerializer.Serialize(
            new { Type = "Notification", TopicArn = "arn:aws:sns:us-east-1:000000000000:t", Message = Rows.Envelope("e-1") });

        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", notification))));

        var dead = await world.ReceiveAllAsync(world.DeadLetterQueueUrl);
        Assert.Equal(reason is null, dead.Count == 0);
        Assert.Equal(reason is null, (await world.EffectAsync("e-1")).ContainsKey("applied"));
        Assert.All(
            dead, message => Assert.StartsWith(reason!, message.MessageAttributes["relaybox-error-message"].StringValue, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dead_letter_of_the_largest_size_is_copied_at_once_and_read_as_the_original_when_it_is_moved_back()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var prefix = Rows.Envelope("e-1", "nobody.listens", "\"");
        var body = prefix[..^1] + new string('x', 1_048_576 - prefix.Length - 1) + "\"}";
        Assert.Equal(1_048_576, body.Length);

        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", body))));

        var dead = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal("message.subject-unhandled", dead.MessageAttributes["relaybox-error-code"].StringValue);
        var moved = JsonSerializer.Serialize(new
        {
            dataType = "Binary",
            binaryValue = Convert.ToBase64String(dead.MessageAttributes["relaybox-body"].BinaryValue.ToArray()),
        });
        var input = Rows.SqsEvent(("m-2", dead.Body)).Replace(
            "\"messageAttributes\":{}", "\"messageAttributes\":{\"relaybox-body\":" + moved + "}", StringComparison.Ordinal);
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", input));
        Assert.Equal(
            "message.subject-unhandled",
            Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl)).MessageAttributes["relaybox-error-code"].StringValue);
    }

    [Fact]
    public async Task Without_any_handler_messages_are_held_and_not_dead_lettered()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("EFFECTS_TABLE", "");

        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"m-1"},{"itemIdentifier":"m-2"}]}""",
            await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")), ("m-2", "not json"))));

        Assert.Empty(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
    }

    [Fact]
    public async Task A_message_older_than_the_inbox_remembers_goes_to_the_dead_letter_queue()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var now = DateTimeOffset.UtcNow;

        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.OldSqsEvent("m-1", Rows.Envelope("e-1"), now - TimeSpan.FromDays(21))));
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.OldSqsEvent("m-2", Rows.Envelope("e-2"), now - TimeSpan.FromDays(20))));

        var message = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal(
            ("message.too-old", "m-1"),
            (message.MessageAttributes["relaybox-error-code"].StringValue, message.MessageAttributes["relaybox-source-message-id"].StringValue));
        Assert.Equal("1", (await world.EffectAsync("e-2"))["applied"].N);
    }

    [Fact]
    public async Task The_same_id_with_another_payload_goes_to_the_dead_letter_queue()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1"))));

        await world.InvokeAsync("Consume", Rows.SqsEvent(("m-2", Rows.Envelope("e-1", payload: """{"orderId":"o-2"}"""))));

        var message = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal("message.event-id-conflict", message.MessageAttributes["relaybox-error-code"].StringValue);
        Assert.Equal("o-1", (await world.EffectAsync("e-1"))["orderId"].S);
    }

    [Fact]
    public async Task A_dead_message_that_cannot_be_copied_stays_on_its_queue()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("DEAD_LETTER_QUEUE_URL", world.DeadLetterQueueUrl + "-that-is-not-there");

        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"m-1"}]}""",
            await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", "not json"))));
    }

    [Fact]
    public async Task A_handler_that_fails_reports_its_message_alone()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        var effects = world.EffectsTable;
        world.Set("EFFECTS_TABLE", "no-such-table");

        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"m-1"}]}""",
            await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));

        world.Set("EFFECTS_TABLE", effects);
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));
        Assert.Equal("1", (await world.EffectAsync("e-1"))["applied"].N);
    }

    [Fact]
    public async Task After_the_last_attempt_the_message_is_dead()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("EFFECTS_TABLE", "no-such-table");
        world.Set("INBOX_MAX_ATTEMPTS", "2");

        Assert.NotEqual(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));

        var message = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal("message.attempts-exhausted", message.MessageAttributes["relaybox-error-code"].StringValue);
    }

    [Fact]
    public async Task On_a_fifo_queue_a_group_stops_at_its_first_failure_and_the_others_go_on()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.InvokeAsync("Consume", Rows.SqsEvent(("m-0", Rows.Envelope("taken"))));
        await HoldAsync(world, "a-2");

        var input = Rows.SqsEvent(
            "arn:aws:sqs:us-east-1:000000000000:queue.fifo",
            ("m-1", Rows.Envelope("a-1"), "a"),
            ("m-2", Rows.Envelope("a-2"), "a"),
            ("m-3", Rows.Envelope("a-3"), "a"),
            ("m-4", Rows.Envelope("b-1"), "b"));
        var answer = await world.InvokeAsync("Consume", input);

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"}]}""", answer);
        Assert.Equal("1", (await world.EffectAsync("a-1"))["applied"].N);
        Assert.Equal("1", (await world.EffectAsync("b-1"))["applied"].N);
        Assert.Empty(await world.EffectAsync("a-3"));
    }

    [Fact]
    public async Task Without_time_left_nothing_is_begun_and_everything_is_reported()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);

        var answer = await world.InvokeAsync(
            "Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")), ("m-2", Rows.Envelope("e-2"))), TimeSpan.FromSeconds(2));

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-1"},{"itemIdentifier":"m-2"}]}""", answer);
        var inbox = await world.DynamoDb.ScanAsync(new Amazon.DynamoDBv2.Model.ScanRequest { TableName = world.InboxTable });
        Assert.Equal(0, inbox.Count);
    }

    [Theory]
    [InlineData("""{"Records":[]}""")]
    [InlineData("{}")]
    public async Task An_empty_event_is_a_success(string input)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", input));
    }

    // Somebody else's claim, whose lease has not ended.
    private static Task HoldAsync(FunctionWorld world, string eventId) => world.DynamoDb.PutItemAsync(
        world.InboxTable,
        new()
        {
            ["eventId"] = Rows.S(eventId),
            ["consumer"] = Rows.S("default"),
            ["status"] = Rows.S("processing"),
            ["claimToken"] = Rows.S("another"),
            ["leaseUntil"] = Rows.N(DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds()),
            ["deliveries"] = Rows.N(1),
        });
}
