using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

public sealed class WholeStackTests
{
    [Fact]
    public async Task Rows_reach_the_handler_once_through_duplicates_and_killed_relays_and_consumers()
    {
        await using var stack = await RunningStack.StartAsync(duplicatePercent: 20);
        string[] ids = [.. Enumerable.Range(0, 150).Select(i => $"e-{i:D3}")];

        foreach (var chunk in ids.Chunk(30))
        {
            await Task.WhenAll(chunk.Select(id => stack.WriteAsync(id)));
            stack.Kill("StreamRelay");
            stack.Kill("Consume");
        }

        // Some of it is killed again while it is working.
        await Eventually.TrueAsync(async () => (await stack.EffectsAsync()).Count > 0, "the first effect", TimeSpan.FromMinutes(2));
        stack.Kill("StreamRelay");
        stack.Kill("Consume");

        var effects = await stack.EffectsOfAsync(ids);
        Assert.All(effects, effect => Assert.Equal(1, effect.Value));
        Assert.Equal(ids.Length, effects.Count);
        foreach (var id in ids)
        {
            await stack.RowWithStatusAsync(id, "sent");
        }
    }

    [Fact]
    public async Task Bad_rows_are_parked_and_poison_is_dead_lettered_while_the_others_arrive()
    {
        await using var stack = await RunningStack.StartAsync();
        await stack.WriteAsync("good-1");
        await stack.WriteAsync("bad", ("payload", RunningStack.N(7)));
        await stack.WriteAsync("unhandled", ("subject", RunningStack.S("nobody.listens")));
        await stack.WriteAsync("strange", ("status", RunningStack.S("invented")));
        await stack.WriteAsync("good-2");

        var effects = await stack.EffectsOfAsync(["good-1", "good-2"]);
        Assert.Equal(2, effects.Count);
        Assert.Equal("row.payload-invalid", (await stack.RowWithStatusAsync("bad", "failed"))["errorCode"].S);
        await stack.RowWithStatusAsync("unhandled", "sent");
        Assert.Equal("invented", (await stack.RowAsync("strange"))["status"].S);

        using var sqs = new AmazonSQSClient(
            new BasicAWSCredentials("local", "local"),
            new AmazonSQSConfig { ServiceURL = stack.SqsEndpoint.ToString(), AuthenticationRegion = stack.Variable("AWS_REGION") });
        var dead = await Eventually.ValueAsync(
            () => sqs.ReceiveMessageAsync(new ReceiveMessageRequest
            {
                QueueUrl = stack.Variable("DEAD_LETTER_QUEUE_URL"),
                MessageAttributeNames = ["All"],
            }),
            response => response.Messages is { Count: > 0 },
            $"the unhandled message is in the dead-letter queue. {stack.Output}");
        Assert.Equal("message.subject-unhandled", Assert.Single(dead.Messages).MessageAttributes["relaybox-error-code"].StringValue);
    }

    [Fact]
    public async Task Without_a_stream_the_sweep_relays_what_writers_made_due_and_takes_over_from_the_dead()
    {
        await using var stack = await RunningStack.StartAsync(parameters: [("RelayTrigger", "schedule")]);
        var past = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds();
        await stack.WriteAsync("due", ("dueShard", RunningStack.S("3")), ("dueAt", RunningStack.N(past)));
        await stack.WriteAsync(
            "left",
            ("status", RunningStack.S("publishing")),
            ("claimToken", RunningStack.S("dead")),
            ("dueShard", RunningStack.S("4")),
            ("dueAt", RunningStack.N(past)));
        await stack.WriteAsync("forgotten", ("enqueuedAt", RunningStack.N(past - 3_600_000)));

        // A run that is cut short on a busy machine leaves rows to the next one.
        await AffectedAsync("Reconcile", 1);
        await AffectedAsync("SweepRelay", 3);

        var effects = await stack.EffectsOfAsync(["due", "left", "forgotten"]);
        Assert.All(effects, effect => Assert.Equal(1, effect.Value));

        async Task AffectedAsync(string function, int rows)
        {
            var affected = 0;
            await Eventually.TrueAsync(
                async () =>
                {
                    using var report = JsonDocument.Parse(await stack.InvokeAsync(function));
                    affected += report.RootElement.GetProperty("affected").GetInt32();
                    return affected >= rows;
                },
                $"{function} to affect {rows} rows");
            Assert.Equal(rows, affected);
        }
    }
}
