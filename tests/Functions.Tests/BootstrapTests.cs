using System.Globalization;
using System.Text;
using System.Text.Json;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Functions.Tests;

/// <summary>The whole process but for its <c>Main</c>: start, next, response, error, against a Runtime API in this process.</summary>
public sealed class BootstrapTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task Invocations_are_answered_one_after_another_with_the_bytes_that_Lambda_reads()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await using var api = new RuntimeApiServer();
        Enqueue(api, "r-1", Rows.SqsEvent(("m-1", Rows.Envelope("e-1"))), TimeSpan.FromSeconds(30));
        Enqueue(api, "r-2", Rows.SqsEvent(("m-2", Rows.Envelope("e-2"))), TimeSpan.FromSeconds(-1));
        Enqueue(api, "r-3", "this is not an event", TimeSpan.FromSeconds(30));
        Enqueue(api, "r-4", Rows.SqsEvent(("m-2", Rows.Envelope("e-2"))), TimeSpan.FromSeconds(30));

        using var stop = new CancellationTokenSource();
        world.Set("ANNOTATIONS_HANDLER", "Consume");
        var process = RunAsync(world, api, stop.Token);

        await AssertAnswerAsync(api, "/2018-06-01/runtime/invocation/r-1/response", """{"batchItemFailures":[]}""");

        // A deadline that is over means that there is no time, not that nobody knows.
        await AssertAnswerAsync(
            api, "/2018-06-01/runtime/invocation/r-2/response", """{"batchItemFailures":[{"itemIdentifier":"m-2"}]}""");

        var error = await api.PostAsync();
        Assert.Equal("/2018-06-01/runtime/invocation/r-3/error", error.Path);

        await AssertAnswerAsync(api, "/2018-06-01/runtime/invocation/r-4/response", """{"batchItemFailures":[]}""");
        Assert.Equal("1", (await world.EffectAsync("e-1"))["applied"].N);
        Assert.Equal("1", (await world.EffectAsync("e-2"))["applied"].N);

        await stop.CancelAsync();
        await process.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("Nobody", "StreamRelay, SweepRelay, Consume, PullConsume, Cleanup, ResetStale, Reconcile, Setup")]
    [InlineData("Consume", "INBOX_TABLE is not set")]
    public async Task What_is_wrong_at_start_is_an_init_error_and_ends_the_process(string function, string expected)
    {
        await using var api = new RuntimeApiServer();

        var exitCode = await FunctionProcess
            .RunAsync(name => name == "ANNOTATIONS_HANDLER" ? function : null, CancellationToken.None, api.Authority)
            .WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(1, exitCode);
        var error = await api.PostAsync();
        Assert.Equal("/2018-06-01/runtime/init/error", error.Path);
        using var report = JsonDocument.Parse(error.Body);
        Assert.Contains(expected, report.RootElement.GetProperty("errorMessage").GetString(), StringComparison.Ordinal);
    }

    private static Task RunAsync(FunctionWorld world, RuntimeApiServer api, CancellationToken cancellationToken)
    {
        // The official runtime would cap the heap of this process at the function's memory.
        Environment.SetEnvironmentVariable("AWS_LAMBDA_DOTNET_DISABLE_MEMORY_LIMIT_CHECK", "true");
        return Task.Run(() => FunctionProcess.RunAsync(world.Get, cancellationToken, api.Authority), CancellationToken.None);
    }

    private static void Enqueue(RuntimeApiServer api, string requestId, string payload, TimeSpan remaining) => api.Enqueue(
        requestId,
        Encoding.UTF8.GetBytes(payload),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:test"),
        ("Lambda-Runtime-Deadline-Ms", (DateTimeOffset.UtcNow + remaining).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));

    private static async Task AssertAnswerAsync(RuntimeApiServer api, string path, string body)
    {
        var answer = await api.PostAsync();
        Assert.Equal(path, answer.Path);
        Assert.Equal(body, Encoding.UTF8.GetString(answer.Body));
    }
}
