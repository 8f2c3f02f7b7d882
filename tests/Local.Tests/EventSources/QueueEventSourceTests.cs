using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Amazon.SQS.Model;
using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Permissions;
using Relaybox.Local.Stack;
using Relaybox.Messaging;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.EventSources;

/// <summary>Queues of the SQS emulator, as functions get them.</summary>
public sealed class QueueEventSourceTests(SqsEmulator sqs) : IAsyncDisposable
{
    private const string Arn = "arn:aws:sqs:eu-central-2:000000000000:queue";
    private static readonly QueueEventDefinition Plain = new("Messages", Arn, 10, 0, true, null, []);

    private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly DuplicatePlan _duplicates = new(50);
    private readonly EventSourceSwitch _gate = new();
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    [Fact]
    public async Task A_message_has_the_form_that_Lambda_sends_and_is_deleted()
    {
        var url = await sqs.CreateQueueAsync();
        await sqs.Client.SendMessageAsync(
            new SendMessageRequest
            {
                QueueUrl = url,
                MessageBody = "hello",
                MessageAttributes = new() { ["subject"] = new MessageAttributeValue { DataType = "String", StringValue = "orders.placed" } },
            },
            _stopping.Token);
        var function = Start(Plain, url, _ => "{}");
        await Eventually.TrueAsync(() => CountAsync(url, 0), "the deletion");

        var record = function.Events.Single()["Records"]!.AsArray().Single()!;
        Assert.Equal("hello", (string?)record["body"]);
        Assert.Equal("5d41402abc4b2a76b9719d911017c592", (string?)record["md5OfBody"]);
        Assert.Equal("aws:sqs", (string?)record["eventSource"]);
        Assert.Equal(Arn, (string?)record["eventSourceARN"]);
        Assert.Equal(LocalAws.Region, (string?)record["awsRegion"]);
        Assert.NotEmpty((string)record["messageId"]!);
        Assert.NotEmpty((string)record["receiptHandle"]!);
        Assert.Equal("1", (string?)record["attributes"]!["ApproximateReceiveCount"]);
        Assert.NotEmpty((string)record["attributes"]!["SentTimestamp"]!);
        Assert.Equal(
            """{"stringValue":"orders.placed","stringListValues":[],"binaryListValues":[],"dataType":"String"}""",
            record["messageAttributes"]!["subject"]!.ToJsonString());
    }

    [Fact]
    public async Task The_messages_that_are_reported_come_again_and_the_others_are_deleted()
    {
        var url = await QueueAsync(visibility: 1);
        await SendAsync(url, "good", "bad", "good");
        var failed = 0;
        var function = Start(Plain, url, input => ScriptedFunction.Failures([.. Messages(input)
            .Where(message => Body(message) == "bad" && Interlocked.Increment(ref failed) == 1)
            .Select(message => (string?)message["messageId"])]));

        await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of all messages");
        var bodies = function.Events.SelectMany(Messages).Select(Body).ToArray();
        Assert.Equal(2, bodies.Count(body => body == "good"));
        Assert.Equal(2, bodies.Count(body => body == "bad"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nonsense")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":"unknown"}]}""")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":null}]}""")]
    public async Task An_error_or_a_malformed_answer_deletes_nothing(string? answer)
    {
        var url = await QueueAsync(visibility: 1);
        await SendAsync(url, "a");
        var calls = 0;
        var function = Start(Plain, url, _ => Interlocked.Increment(ref calls) == 1 ? answer : "{}");
        await Eventually.TrueAsync(() => CountAsync(url, 0), "the deletion");
        Assert.Equal(["1", "2"], function.Events.Select(input => (string)Messages(input).Single()["attributes"]!["ApproximateReceiveCount"]!));
    }

    [Fact]
    public async Task No_more_batches_than_allowed_are_under_way_at_once()
    {
        var url = await QueueAsync(visibility: 30);
        await SendAsync(url, [.. Enumerable.Range(0, 12).Select(number => $"{number}")]);
        var (current, highest) = (0, 0);
        var gate = new Lock();
        Start(Plain with { BatchSize = 1 }, url, async _ =>
        {
            lock (gate)
            {
                highest = Math.Max(highest, ++current);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System);
            lock (gate)
            {
                current--;
            }

            return "{}";
        }, concurrency: 3);

        await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of all messages");
        Assert.Equal(3, highest);
    }

    [Fact]
    public async Task Only_one_poll_waits_for_a_message()
    {
        var url = await QueueAsync(visibility: 30);
        var polls = 0;
        var function = new FunctionDefinition("Poller", "Poller", "poller", "poller", 2, 256, null, 2, 21_600, new Dictionary<string, string>(), []);
        await using var counted = await GuardedService.StartAsync(
            sqs.Endpoint,
            new PermissionLog([function]),
            (_, call) =>
            {
                Interlocked.Add(ref polls, call.Operation == "ReceiveMessage" ? 1 : 0);
                return Task.FromResult<int?>(null);
            },
            _stopping.Token);
        Start(
            Plain, url, _ => Task.FromResult<string?>("{}"), concurrency: 4,
            client: AwsJsonClient.Sqs(counted.Endpoint, PermissionLog.AccessKeyOf(function)));
        for (var messages = 1; messages <= 3; messages++)
        {
            await SendAsync(url, $"{messages}");
            await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of the message");
            await Eventually.TrueAsync(() => Volatile.Read(ref polls) == messages + 1, "the next poll, and no other");
        }
    }

    [Fact]
    public async Task A_group_of_a_FIFO_queue_is_in_one_batch_at_a_time_and_in_order()
    {
        var url = await sqs.CreateQueueAsync("fifo", new() { ["FifoQueue"] = "true", ["VisibilityTimeout"] = "30" });
        for (var number = 0; number < 9; number++)
        {
            await sqs.Client.SendMessageAsync(
                new SendMessageRequest
                {
                    QueueUrl = url,
                    MessageBody = $"{number}",
                    MessageGroupId = $"group-{number % 3}",
                    MessageDeduplicationId = $"{number}",
                },
                _stopping.Token);
        }

        var busy = new ConcurrentDictionary<string, byte>();
        var overlaps = 0;
        var function = Start(Plain, url, async input =>
        {
            var groups = Messages(input).Select(message => (string)message["attributes"]!["MessageGroupId"]!).Distinct().ToArray();
            Interlocked.Add(ref overlaps, groups.Count(group => !busy.TryAdd(group, 0)));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            foreach (var group in groups)
            {
                busy.TryRemove(group, out var _);
            }

            return "{}";
        }, concurrency: 4);

        await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of all messages");
        Assert.Equal(0, overlaps);
        var byGroup = function.Events.SelectMany(Messages).GroupBy(message => (string)message["attributes"]!["MessageGroupId"]!);
        Assert.All(byGroup, group => Assert.Equal(group.Select(Body).Order(), group.Select(Body)));
    }

    [Fact]
    public async Task A_window_gathers_more_than_one_receive()
    {
        var url = await QueueAsync(visibility: 30);
        await SendAsync(url, [.. Enumerable.Range(0, 25).Select(number => $"{number}")]);
        var function = Start(Plain with { BatchSize = 25, BatchingWindowSeconds = 5 }, url, _ => "{}");
        await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of all messages");
        Assert.Equal(25, Messages(function.Events.First()).Count());
    }

    [Fact]
    public async Task A_message_that_no_filter_wants_is_deleted_unseen()
    {
        var url = await QueueAsync(visibility: 30);
        await SendAsync(url, """{"kind":"a"}""", """{"kind":"b"}""", "text");
        var function = Start(Plain with { FilterPatterns = ["""{"body":{"kind":["b"]}}"""] }, url, _ => "{}");
        await Eventually.TrueAsync(() => CountAsync(url, 0), "the end of all messages");
        Assert.Equal(["""{"kind":"b"}"""], function.Events.SelectMany(Messages).Select(Body));
    }

    [Fact]
    public async Task The_share_asked_for_is_sent_again_with_body_and_attributes()
    {
        var url = await QueueAsync(visibility: 30);
        await SendAsync(url, [.. Enumerable.Range(0, 10).Select(number => $"{number}")]);
        var function = Start(Plain, url, _ => "{}", withDuplicates: true);
        await Eventually.TrueAsync(async () => _duplicates.Injected == 5 && await CountAsync(url, 0), "the copies");
        var bodies = function.Events.SelectMany(Messages).Select(Body).ToArray();
        Assert.Equal(15, bodies.Length);
        Assert.Equal(10, bodies.Distinct().Count());
    }

    private static IEnumerable<JsonObject> Messages(JsonObject input) => input["Records"]!.AsArray().Select(record => record!.AsObject());

    private static string Body(JsonObject message) => (string)message["body"]!;

    private Task<string> QueueAsync(int visibility) => sqs.CreateQueueAsync(attributes: new() { ["VisibilityTimeout"] = $"{visibility}" });

    private async Task SendAsync(string url, params string[] bodies)
    {
        foreach (var body in bodies)
        {
            await sqs.Client.SendMessageAsync(new SendMessageRequest { QueueUrl = url, MessageBody = body }, _stopping.Token);
        }
    }

    [Fact]
    public async Task While_it_is_switched_off_messages_stay_in_the_queue()
    {
        var url = await sqs.CreateQueueAsync();
        _gate.Turn(isOn: false);
        var function = Start(Plain, url, _ => "{}");
        await sqs.Client.SendMessageAsync(url, "hello", _stopping.Token);
        Assert.Equal("Disabled", _gate.State);
        Assert.True(await CountAsync(url, 1));
        Assert.Empty(function.Events);

        _gate.Turn(isOn: true);
        Assert.Equal("Enabled", _gate.State);
        await Eventually.TrueAsync(() => CountAsync(url, 0), "the deletion");
        Assert.Single(function.Events);

        // It waits for a message just now: that one still comes.
        _gate.Turn(isOn: false);
        await Eventually.TrueAsync(() => _gate.State == "Disabled", "the last poll to end");
    }

    private async Task<bool> CountAsync(string url, int wanted) =>
        await new QueueClient(AwsJsonClient.Sqs(sqs.Endpoint), url).CountAsync(_stopping.Token) == wanted;

    private ScriptedFunction Start(QueueEventDefinition source, string url, Func<JsonObject, string?> answer, bool withDuplicates = false) =>
        Start(source, url, input => Task.FromResult(answer(input)), 1, withDuplicates);

    private ScriptedFunction Start(
        QueueEventDefinition source,
        string url,
        Func<JsonObject, Task<string?>> answer,
        int concurrency,
        bool withDuplicates = false,
        AwsJsonClient? client = null)
    {
        var function = new ScriptedFunction(answer);
        var queue = new QueueEventSource(
            source,
            new QueueClient(client ?? AwsJsonClient.Sqs(sqs.Endpoint), url),
            function,
            EventFilter.Parse(source.FilterPatterns),
            withDuplicates ? _duplicates : DuplicatePlan.None,
            _gate,
            new LinesOutput(),
            TimeProvider.System);
        _running = queue.RunAsync(concurrency, _stopping.Token);
        return function;
    }
}
