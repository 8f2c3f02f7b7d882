using System.Text.Json.Nodes;
using Relaybox.Local.EventSources;
using Relaybox.Local.Stack;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.EventSources;

/// <summary>What becomes of a batch, on a clock of the test's own.</summary>
public class StreamBatchDeliveryTests
{
    private static readonly StreamEventDefinition Plain = new("Stream", "Table", true, 100, 0, true, false, -1, -1, null, []);

    private readonly WatchedTimeProvider _clock = new();
    private readonly List<DiscardedBatch> _discarded = [];

    [Fact]
    public async Task A_success_is_delivered_once()
    {
        var function = new ScriptedFunction(_ => "{}");
        await DeliverAsync(Plain, function, 3);
        Assert.Equal(["1,2,3"], Batches(function));
    }

    [Fact]
    public async Task Everything_from_the_lowest_failure_on_comes_again()
    {
        var answers = new Queue<string>([ScriptedFunction.Failures("4", "2"), ""]);
        var function = new ScriptedFunction(_ => answers.Dequeue());
        await DeliverAsync(Plain, function, 5);
        Assert.Equal(["1,2,3,4,5", "2,3,4,5"], Batches(function));
    }

    [Fact]
    public async Task An_unknown_or_malformed_answer_brings_the_whole_batch_again()
    {
        var answers = new Queue<string>([ScriptedFunction.Failures("77"), "nonsense", ScriptedFunction.Failures((string?)null), "null"]);
        var function = new ScriptedFunction(_ => answers.Dequeue());
        await DeliverAsync(Plain, function, 2);
        Assert.Equal(["1,2", "1,2", "1,2", "1,2"], Batches(function));
    }

    [Fact]
    public async Task Without_partial_answers_any_response_is_a_success()
    {
        var function = new ScriptedFunction(_ => ScriptedFunction.Failures("1"));
        await DeliverAsync(Plain with { ReportBatchItemFailures = false }, function, 2);
        Assert.Equal(["1,2"], Batches(function));
    }

    [Fact]
    public async Task An_error_halves_the_batch_until_the_bad_record_is_alone_and_given_up()
    {
        var function = new ScriptedFunction(input => Numbers(input).Contains("3") ? null : "{}");
        await DeliverAsync(Plain with { BisectOnError = true, MaximumRetryAttempts = 1 }, function, 5);

        Assert.Equal(["1,2,3,4,5", "1,2,3", "1,2", "3", "3", "4,5"], Batches(function));
        var given = Assert.Single(_discarded);
        Assert.Equal(("RetryAttemptsExhausted", 2, "3"), (given.Condition, given.Invocations, given.Records.Single().SequenceNumber));
    }

    [Fact]
    public async Task Without_halving_the_whole_batch_is_given_up_after_its_retries()
    {
        var function = new ScriptedFunction(_ => (string?)null);
        await DeliverAsync(Plain with { MaximumRetryAttempts = 2 }, function, 3);
        Assert.Equal(["1,2,3", "1,2,3", "1,2,3"], Batches(function));
        Assert.Equal(3, Assert.Single(_discarded).Records.Count);
    }

    [Fact]
    public async Task Progress_starts_the_count_of_retries_afresh()
    {
        // Each record fails once with a report: with one retry allowed none of them is given up.
        var seen = new HashSet<string>();
        var function = new ScriptedFunction(input => Numbers(input).FirstOrDefault(seen.Add) is { } first ? ScriptedFunction.Failures(first) : "");
        await DeliverAsync(Plain with { MaximumRetryAttempts = 1 }, function, 3);
        Assert.Empty(_discarded);
        Assert.Equal("3", Batches(function)[^1]);
    }

    [Fact]
    public async Task Records_that_are_too_old_are_given_up_and_the_younger_go_on()
    {
        var function = new ScriptedFunction(_ => "{}");
        var records = new[] { Record(1, _clock.GetUtcNow() - TimeSpan.FromSeconds(61)), Record(2, _clock.GetUtcNow() - TimeSpan.FromSeconds(59)) };
        await DeliverAsync(Plain with { MaximumRecordAgeSeconds = 60 }, function, records);
        Assert.Equal(["2"], Batches(function));
        Assert.Equal("RecordAgeExceeded", Assert.Single(_discarded).Condition);
    }

    [Fact]
    public async Task A_record_grows_too_old_while_it_is_tried_again()
    {
        var function = new ScriptedFunction(_ => (string?)null);
        await DeliverAsync(Plain with { MaximumRecordAgeSeconds = 60 }, function, 1);
        Assert.Equal("RecordAgeExceeded", Assert.Single(_discarded).Condition);
        Assert.InRange(function.Events.Count, 5, 20);
    }

    [Fact]
    public void The_on_failure_message_says_where_the_records_are_but_not_what_they_hold()
    {
        _clock.SetUtcNow(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        var destination = new StreamFailureDestination(null!, "queue", "function-arn", "stream-arn", _clock);
        var batch = new DiscardedBatch(
            [Record(1, _clock.GetUtcNow()), Record(2, _clock.GetUtcNow())],
            "RetryAttemptsExhausted",
            3,
            new("id", "Error", ReadOnlyMemory<byte>.Empty));
        Assert.Equal(
            """
            {"requestContext":{"requestId":"id","functionArn":"function-arn","condition":"RetryAttemptsExhausted","approximateInvokeCount":3},
            "responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},
            "version":"1.0","timestamp":"2026-01-01T12:00:00.000Z",
            "DDBStreamBatchInfo":{"shardId":"shard","startSequenceNumber":"1","endSequenceNumber":"2",
            "approximateArrivalOfFirstRecord":"2026-01-01T12:00:00.000Z","approximateArrivalOfLastRecord":"2026-01-01T12:00:00.000Z",
            "batchSize":2,"streamArn":"stream-arn"}}
            """.ReplaceLineEndings(""),
            destination.Message("shard", batch).ToJsonString());
    }

    private static StreamRecord Record(int number, DateTimeOffset arrived) =>
        new($"{number}", arrived, new JsonObject { ["dynamodb"] = new JsonObject { ["SequenceNumber"] = $"{number}" } }, 100);

    private static string[] Numbers(JsonObject input) =>
        [.. input["Records"]!.AsArray().Select(record => (string)record!["dynamodb"]!["SequenceNumber"]!)];

    private static string[] Batches(ScriptedFunction function) => [.. function.Events.Select(input => string.Join(',', Numbers(input)))];

    private Task DeliverAsync(StreamEventDefinition source, ScriptedFunction function, int count) =>
        DeliverAsync(source, function, [.. Enumerable.Range(1, count).Select(number => Record(number, _clock.GetUtcNow()))]);

    private async Task DeliverAsync(StreamEventDefinition source, ScriptedFunction function, IReadOnlyList<StreamRecord> records)
    {
        var delivery = new StreamBatchDelivery(
            source,
            function,
            (batch, _) =>
            {
                _discarded.Add(batch);
                return Task.CompletedTask;
            },
            new LinesOutput(),
            _clock);
        await _clock.AdvanceUntilEndAsync(delivery.DeliverAsync(records, TestContext.Current.CancellationToken), TimeSpan.FromSeconds(10));
    }
}
