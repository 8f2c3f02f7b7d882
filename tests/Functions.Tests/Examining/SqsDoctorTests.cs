using Relaybox.Functions.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with the queues is planted, and found. An emulator stands for SQS.</summary>
public sealed class SqsDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Theory]
    [InlineData("QUEUE_URL")]
    [InlineData("DEAD_LETTER_QUEUE_URL")]
    public async Task A_queue_that_is_not_there_is_found(string variable)
    {
        await using var world = await CreateAsync();
        world.Set(variable, $"{sqs.Endpoint}000000000000/absent");
        Assert.Contains(variable, (await Examination.OfAsync(world)).AssertOnly("queue.missing").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_redrive_policy_is_found()
    {
        await using var world = await CreateAsync();
        await SetAsync(world, world.QueueUrl, ("RedrivePolicy", ""));
        var advice = (await Examination.OfAsync(world)).AssertOnly("queue.no-redrive").Advice!;
        Assert.Contains(await Queues.ArnAsync(world, world.DeadLetterQueueUrl), advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redrive_policy_that_leads_elsewhere_is_found()
    {
        await using var world = await CreateAsync();
        var other = await sqs.CreateQueueAsync("other");
        await SetAsync(world, world.QueueUrl, ("RedrivePolicy", Queues.Policy(await Queues.ArnAsync(world, other), 10)));
        (await Examination.OfAsync(world)).AssertOnly("queue.other-redrive");
    }

    [Fact]
    public async Task A_redrive_policy_that_comes_before_the_last_attempt_is_found()
    {
        await using var world = await CreateAsync();
        await SetAsync(
            world, world.QueueUrl, ("RedrivePolicy", Queues.Policy(await Queues.ArnAsync(world, world.DeadLetterQueueUrl), 3)));
        (await Examination.OfAsync(world)).AssertOnly("queue.few-receives");
    }

    [Fact]
    public async Task A_visibility_that_ends_before_the_lease_is_found()
    {
        await using var world = await CreateAsync();
        await SetAsync(world, world.QueueUrl, ("VisibilityTimeout", "30"));
        (await Examination.OfAsync(world)).AssertOnly("queue.visible-too-soon");
    }

    [Fact]
    public async Task Dead_letters_that_are_kept_no_longer_than_messages_are_found()
    {
        await using var world = await CreateAsync();
        await SetAsync(world, world.DeadLetterQueueUrl, ("MessageRetentionPeriod", "345600"));
        (await Examination.OfAsync(world)).AssertOnly("queue.dead-too-short");
    }

    [Fact]
    public async Task A_dead_letter_queue_with_a_redrive_policy_of_its_own_is_found()
    {
        await using var world = await CreateAsync();
        var other = await sqs.CreateQueueAsync("other");
        await SetAsync(world, world.DeadLetterQueueUrl, ("RedrivePolicy", Queues.Policy(await Queues.ArnAsync(world, other), 10)));
        (await Examination.OfAsync(world)).AssertOnly("queue.dead-redrive");
    }

    [Fact]
    public async Task Queues_that_keep_messages_for_longer_than_the_inbox_remembers_are_found()
    {
        await using var world = await CreateAsync();
        await SetAsync(world, world.QueueUrl, ("MessageRetentionPeriod", "864000"));
        Assert.Contains("576", (await Examination.OfAsync(world)).AssertOnly("queue.inbox-forgets").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_letter_queue_of_another_kind_is_found()
    {
        await using var world = await CreateAsync();
        var fifo = await sqs.CreateQueueAsync("dead", new() { ["FifoQueue"] = "true", ["MessageRetentionPeriod"] = "1209600" });
        world.Set("DEAD_LETTER_QUEUE_URL", fifo);
        Assert.Contains("queue.dead-other-kind", (await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_told()
    {
        using var nowhere = sqs.CreateClient(client => client.ServiceURL = "http://127.0.0.1:1");
        var settings = DeployedSettings.With();
        var found = await new SqsCheck(() => nowhere, (SqsSettings)settings.Broker!, settings).FindAsync(TestContext.Current.CancellationToken);
        Assert.All(found, finding => Assert.Equal("queue.failed", finding.Id));
        Assert.Contains("AWS_REGION", found[0].Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_consumer_only_the_queue_is_looked_at_and_no_handler_is_asked_for()
    {
        await using var world = await CreateAsync();
        await world.PutRowAsync("a", ("subject", Rows.S("nobody.listens")));
        world.Set("DEAD_LETTER_QUEUE_URL", "");
        (await Examination.OfAsync(world)).AssertHealthy("queue.relay-only");
    }

    private static Task SetAsync(FunctionWorld world, string url, (string Name, string Value) attribute) =>
        world.Sqs.SetQueueAttributesAsync(url, new Dictionary<string, string> { [attribute.Name] = attribute.Value });

    private async Task<FunctionWorld> CreateAsync()
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("RELAY_TRIGGER", "schedule");
        await Queues.MakeAsInTemplateAsync(world);
        return world;
    }
}
