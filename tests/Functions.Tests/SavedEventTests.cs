using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Functions.Tests;

/// <summary>
/// Each saved event goes through the function's whole process, at an address with the function's name as its path: that is how
/// Amazon.Lambda.TestTool speaks to several functions.
/// </summary>
public sealed class SavedEventTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    private const string FirstOrder = "01976f6e-4f2c-7c1a-9d43-5f1f0a7a2b11";
    private const string SecondOrder = "01976f6e-4f2c-7c1a-9d43-5f1f0a7a2b12";

    // As the tool counts invocations.
    private const string RequestId = "000000000001";

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var function in SavedEvents.Functions)
            {
                foreach (var name in SavedEvents.NamesOf(function))
                {
                    all.Add(function, name);
                }
            }

            return all;
        }
    }

    [Fact]
    public void Every_function_has_saved_events() => Assert.Equal(
        FunctionCatalog.Names.Order(StringComparer.Ordinal),
        SavedEvents.Functions.Where(function => SavedEvents.NamesOf(function).Any()).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_saved_event_is_answered_by_its_function(string function, string name)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await using var nats = function is "Setup" or "PullConsume" ? await UseNatsAsync(world) : null;
        if (function == "PullConsume")
        {
            await SendAsync(world, "Setup", "invoked");
        }

        var answer = await SendAsync(world, function, name);

        if (function is "StreamRelay" or "Consume")
        {
            Assert.Equal(Rows.Success, answer);
        }
        else if (function == "Operate")
        {
            Assert.Null(JsonNode.Parse(answer)!["problem"]);
            Assert.NotNull(JsonNode.Parse(answer)!["operations"]);
        }
        else
        {
            Assert.True((bool?)JsonNode.Parse(answer)!["complete"], answer);
        }
    }

    [Fact]
    public async Task The_saved_messages_are_what_the_relay_makes_of_the_saved_rows()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await world.PutRowAsync(FirstOrder);
        await world.PutRowAsync(SecondOrder);

        await SendAsync(world, "StreamRelay", "new-row");
        await SendAsync(world, "StreamRelay", "new-row-and-other-changes");

        Assert.Equal("sent", (await world.RowAsync(FirstOrder))["status"].S);
        Assert.Equal("sent", (await world.RowAsync(SecondOrder))["status"].S);
        var sent = (await world.ReceiveAllAsync(world.QueueUrl)).ToDictionary(message => message.MessageAttributes["relaybox-event-id"].StringValue);
        Assert.Equal(2, sent.Count);
        AssertSaved("order-placed", sent[FirstOrder].Body);
        AssertSaved("order-placed-twice", sent[SecondOrder].Body);
    }

    [Fact]
    public async Task The_saved_messages_have_their_effect_once_or_are_dead_letters()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);

        foreach (var name in new[] { "order-placed", "order-placed-twice", "unreadable", "order-placed" })
        {
            await SendAsync(world, "Consume", name);
        }

        Assert.Equal("1", (await world.EffectAsync(FirstOrder))["applied"].N);
        Assert.Equal("1", (await world.EffectAsync(SecondOrder))["applied"].N);
        var dead = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal("message.unreadable", dead.MessageAttributes["relaybox-error-code"].StringValue);
    }

    [Fact]
    public async Task The_saved_events_of_a_stack_with_NATS_lead_from_the_row_to_the_effect()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await using var nats = await UseNatsAsync(world);

        await SendAsync(world, "Setup", "invoked");
        await SendAsync(world, "StreamRelay", "new-row");
        await SendAsync(world, "PullConsume", "scheduled");

        Assert.Equal("1", (await world.EffectAsync(FirstOrder))["applied"].N);
    }

    // The consumer dead-letters a message that is older than what the inbox remembers. A saved one must not grow old.
    [Fact]
    public void A_saved_message_does_not_say_when_it_was_sent() => Assert.All(
        SavedEvents.NamesOf("Consume").Select(name => SavedEvents.Read("Consume", name)),
        text =>
        {
            Assert.DoesNotContain("SentTimestamp", text, StringComparison.Ordinal);
            Assert.DoesNotContain("publishedAt", text, StringComparison.Ordinal);
        });

    private static async Task<NatsServer> UseNatsAsync(FunctionWorld world)
    {
        var server = await NatsServer.StartAsync();
        world.Set("BROKER", "nats");
        world.Set("NATS_URL", server.Url);
        world.Set("PULL_SECONDS", "1");
        return server;
    }

    private static async Task<string> SendAsync(FunctionWorld world, string function, string name)
    {
        await using var api = new RuntimeApiServer();
        api.Enqueue(
            RequestId,
            Encoding.UTF8.GetBytes(SavedEvents.Read(function, name)),
            ("Lambda-Runtime-Deadline-Ms", DateTimeOffset.UtcNow.AddMinutes(15).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
            ("Lambda-Runtime-Trace-Id", "f7a60fb8-9a1f-4a0c-9bd0-8f4b3f5c7d21"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-west-2:123412341234:function:Function"));

        // The official runtime would cap the heap of this process at the function's memory.
        Environment.SetEnvironmentVariable("AWS_LAMBDA_DOTNET_DISABLE_MEMORY_LIMIT_CHECK", "true");
        world.Set(FunctionProcess.NameVariable, function);
        using var stop = new CancellationTokenSource();
        var process = Task.Run(() => FunctionProcess.RunAsync(world.Get, stop.Token, $"{api.Authority}/{function}"), CancellationToken.None);
        var answer = await api.PostAsync();
        await stop.CancelAsync();
        await process.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal($"/{function}/2018-06-01/runtime/invocation/{RequestId}/response", answer.Path);
        return answer.Text;
    }

    private static void AssertSaved(string name, string body) => Assert.All(
        JsonNode.Parse(SavedEvents.Read("Consume", name))!["Records"]!.AsArray(),
        record => Assert.Equal((string?)record!["body"], body));
}
