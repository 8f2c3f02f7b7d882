using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with streams and consumer is planted, and found.</summary>
public sealed class NatsDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs, NatsServer nats) : IClassFixture<NatsServer>
{
    private readonly string _name = NatsServer.UniqueName();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Dead => $"{_name}-DEAD";

    [Fact]
    public async Task A_healthy_system_has_no_problem_and_Setup_puts_right_what_it_can()
    {
        await using var world = await CreateAsync(setUp: false);
        Assert.Equal(["stream.missing"], (await Examination.OfAsync(world)).Problems);
        await world.InvokeAsync("Setup", "{}");
        (await Examination.OfAsync(world)).AssertHealthy();
        await ChangeAsync(_name, config => config with { DuplicateWindow = TimeSpan.FromSeconds(1) });
        (await Examination.OfAsync(world)).AssertOnly("stream.different");
        await world.InvokeAsync("Setup", "{}");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_stream_that_forgets_too_soon_is_found()
    {
        await using var world = await CreateAsync();
        await ChangeAsync(_name, config => config with { MaxAge = TimeSpan.FromHours(1), DuplicateWindow = TimeSpan.FromMinutes(30) });
        var found = (await Examination.OfAsync(world)).AssertOnly("stream.different");
        Assert.Contains("keeps messages for 01:00:00", found.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_that_are_forgotten_too_soon_are_found()
    {
        await using var world = await CreateAsync();
        await ChangeAsync(Dead, config => config with { MaxAge = TimeSpan.FromDays(1) });
        Assert.Contains(Dead, (await Examination.OfAsync(world)).AssertOnly("stream.different").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_does_not_take_the_events_is_found()
    {
        await using var world = await CreateAsync();
        await ChangeAsync(_name, config => config with { Subjects = [$"{_name}.orders.>"] });
        var found = (await Examination.OfAsync(world)).AssertOnly("stream.different");
        Assert.Contains("does not take the subject", found.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_by_which_messages_are_lost_is_warned_of()
    {
        await using var world = await CreateAsync();
        await ChangeAsync(_name, config => config with { MaxMsgs = 100 });
        (await Examination.OfAsync(world)).AssertFound("stream.loses", FindingSeverity.Warning);
    }

    [Fact]
    public async Task Streams_that_keep_messages_for_longer_than_the_inbox_remembers_are_found()
    {
        await using var world = await CreateAsync();
        await ChangeAsync(_name, config => config with { MaxAge = TimeSpan.FromDays(10) });
        (await Examination.OfAsync(world)).AssertOnly("stream.inbox-forgets");
        await ChangeAsync(_name, config => config with { MaxAge = TimeSpan.Zero });
        (await Examination.OfAsync(world)).AssertFound("stream.for-ever", FindingSeverity.Warning);
    }

    [Fact]
    public async Task A_missing_stream_of_dead_letters_is_found()
    {
        await using var world = await CreateAsync();
        await (await ContextAsync()).DeleteStreamAsync(Dead, Ct);
        Assert.Contains(Dead, (await Examination.OfAsync(world)).AssertOnly("stream.missing").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_consumer_is_found()
    {
        await using var world = await CreateAsync();
        await (await ContextAsync()).DeleteConsumerAsync(_name, "default", Ct);
        (await Examination.OfAsync(world)).AssertOnly("stream.no-consumer");
    }

    [Fact]
    public async Task A_consumer_that_gives_up_on_messages_or_waits_otherwise_is_found()
    {
        await using var world = await CreateAsync();
        var context = await ContextAsync();
        var config = (await context.GetConsumerAsync(_name, "default", Ct)).Info.Config;
        await context.CreateOrUpdateConsumerAsync(_name, config with { MaxDeliver = 3 }, Ct);
        Assert.Contains("max_deliver", (await Examination.OfAsync(world)).AssertOnly("stream.consumer-different").Text, StringComparison.Ordinal);
        await context.CreateOrUpdateConsumerAsync(_name, config with { AckWait = TimeSpan.FromSeconds(5) }, Ct);
        Assert.Contains("ack_wait", (await Examination.OfAsync(world)).AssertOnly("stream.consumer-different").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_of_another_kind_is_found()
    {
        await using var world = await CreateAsync();
        var context = await ContextAsync();
        await context.DeleteConsumerAsync(_name, "default", Ct);
        await context.CreateOrUpdateConsumerAsync(_name, new ConsumerConfig("default") { DeliverSubject = "somewhere" }, Ct);
        (await Examination.OfAsync(world)).AssertOnly("stream.other-consumer");
    }

    [Fact]
    public async Task Servers_that_cannot_be_reached_are_told_and_hide_nothing_else()
    {
        await using var world = await CreateAsync();
        world.Set("NATS_URL", "nats://127.0.0.1:1");
        var found = await Examination.OfAsync(world);
        found.AssertOnly("stream.failed");
        found.AssertFound("clock", FindingSeverity.Ok, needsAdvice: false);
    }

    [Fact]
    public async Task A_broker_that_nothing_names_is_found()
    {
        await using var world = await CreateAsync();
        world.Set("NATS_URL", "");
        Assert.Contains("NATS_URL", (await Examination.OfAsync(world)).AssertOnly("settings.wrong").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_consumer_only_the_stream_is_looked_at()
    {
        await using var world = await CreateAsync(setUp: false);
        world.Set("SETUP_CONSUMER", "false");
        await world.InvokeAsync("Setup", "{}");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_threshold_of_the_claim_check_above_what_the_server_takes_is_found()
    {
        await using var world = await CreateAsync();
        (await ClaimCheckDoctorTests.SwitchOnAsync(world, sqs)).Dispose();
        (await Examination.OfAsync(world)).AssertHealthy();

        world.Set("CLAIM_CHECK_THRESHOLD_BYTES", "1048576");
        (await Examination.OfAsync(world)).AssertOnly("stream.claim-check-threshold");
    }

    private async Task<NatsJSContext> ContextAsync()
    {
        var connection = new NatsConnection(new NatsOpts { Url = nats.Url });
        await connection.ConnectAsync();
        return new NatsJSContext(connection);
    }

    private async Task ChangeAsync(string stream, Func<StreamConfig, StreamConfig> change)
    {
        var context = await ContextAsync();
        await context.UpdateStreamAsync(change((await context.GetStreamAsync(stream, cancellationToken: Ct)).Info.Config), Ct);
    }

    private async Task<FunctionWorld> CreateAsync(bool setUp = true)
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("RELAY_TRIGGER", "schedule");
        world.Set("BROKER", "nats");
        world.Set("NATS_URL", nats.Url);
        world.Set("NATS_STREAM", _name);
        world.Set("NATS_SUBJECT_PREFIX", _name);
        if (setUp)
        {
            await world.InvokeAsync("Setup", "{}");
        }

        return world;
    }
}
