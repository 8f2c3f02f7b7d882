using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Chaos;

/// <summary>Messages whose handlers end their process.</summary>
public sealed class PoisonTests
{
    [Theory]
    [InlineData("dynamodb")]
    [InlineData("postgres")]
    [InlineData("mongodb")]
    [InlineData("mysql")]
    [InlineData("redis")]
    public async Task A_message_that_ends_three_processes_is_a_dead_letter_and_the_next_is_handled(string store)
    {
        await using var stack = await ChaosStack.StartAsync(store, "sqs", duplicatePercent: 0);
        await stack.App.PrepareAsync(CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var driving = ScheduleDriver.RunAsync(stack.Runner, stop.Token);
        var poison = Order.Create(1, DateTimeOffset.UtcNow);
        var point = Path.Combine(stack.KillPoints, "inbox.handle.begin");

        await File.WriteAllTextAsync(point, "");
        Assert.True(await stack.App.PlaceAsync(poison, CancellationToken.None));
        for (var deaths = 1; deaths <= 3; deaths++)
        {
            await Eventually.TrueAsync(() => File.Exists($"{point}.done"), $"death {deaths}. {stack.Output}", TimeSpan.FromMinutes(2));
            File.Delete($"{point}.done");
            if (deaths < 3)
            {
                await File.WriteAllTextAsync(point, "");
            }
        }

        using var sqs = new AmazonSQSClient(
            new BasicAWSCredentials("local", "local"),
            new AmazonSQSConfig { ServiceURL = stack.Runner.Servers.Sqs.ToString(), AuthenticationRegion = stack.Runner.Environment["AWS_REGION"] });
        var dead = await Eventually.ValueAsync(
            async () => (await sqs.ReceiveMessageAsync(new ReceiveMessageRequest
            {
                QueueUrl = stack.Runner.Environment["DEAD_LETTER_QUEUE_URL"],
                MessageAttributeNames = ["All"],
            })).Messages?.FirstOrDefault(),
            message => message is not null,
            $"the dead letter. {stack.Output}",
            TimeSpan.FromMinutes(2));
        Assert.Equal("message.attempts-unfinished", dead!.MessageAttributes["relaybox-error-code"].StringValue);
        Assert.Equal(poison.EventId, dead.MessageAttributes["relaybox-event-id"].StringValue);

        var next = Order.Create(2, DateTimeOffset.UtcNow);
        Assert.True(await stack.App.PlaceAsync(next, CancellationToken.None));
        await Eventually.TrueAsync(
            async () => (await stack.App.ReadEffectsAsync(CancellationToken.None)).ContainsKey(next.EventId),
            $"the next. {stack.Output}",
            TimeSpan.FromMinutes(2));
        Assert.Equal(next.EventId, Assert.Single(await stack.App.ReadEffectsAsync(CancellationToken.None)).Key);
        await stop.CancelAsync();
        await driving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
