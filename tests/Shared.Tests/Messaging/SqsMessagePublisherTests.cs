using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>What the queue answers, and what that says about each message.</summary>
public sealed class SqsMessagePublisherTests : IDisposable
{
    private readonly ScriptedSqs _sqs = new();
    private readonly RecordingLogger<SqsMessagePublisher> _log = new();
    private SqsPublisherOptions _options = new() { QueueUrl = "http://127.0.0.1:1/000000000000/q" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _sqs.Dispose();

    [Fact]
    public async Task A_thousand_events_are_a_hundred_calls()
    {
        var outcomes = await PublishAsync(Events(1000));
        Assert.Equal(1000, outcomes.Count(outcome => outcome.Status == PublishStatus.Accepted));
        Assert.Equal(100, _sqs.Requests.Count);
        Assert.All(_sqs.Requests, request => Assert.Equal(10, request.Entries.Select(entry => entry.Id).Distinct().Count()));
    }

    [Fact]
    public async Task Nothing_to_publish_is_no_call()
    {
        Assert.Empty(await PublishAsync());
        Assert.Empty(_sqs.Requests);
    }

    [Fact]
    public async Task Of_a_batch_that_is_half_accepted_each_event_has_its_own_outcome()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [Sent(request, 3), Sent(request, 0)],
            Failed = [Failed(request, 1, "InvalidParameterValue", true), Failed(request, 2, "InternalError", false)],
        });

        var outcomes = await PublishAsync(Events(5));

        Assert.Equal(
            [PublishStatus.Accepted, PublishStatus.Rejected, PublishStatus.Unknown, PublishStatus.Accepted, PublishStatus.Unknown],
            outcomes.Select(outcome => outcome.Status));
        Assert.Equal(ErrorCodes.PublishRejected, outcomes[1].Code);
        Assert.Contains("InvalidParameterValue", outcomes[1].Detail!, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.PublishUnknown, outcomes[4].Code);
    }

    [Fact]
    public async Task A_body_whose_characters_are_refused_is_sent_once_more_as_base64()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(IsBase64(request.Entries[0])
            ? new SendMessageBatchResponse { Successful = [Sent(request, 0)] }
            : new SendMessageBatchResponse
            {
                Successful = [Sent(request, 0)],
                Failed = [Failed(request, 1, "InvalidMessageContents", true)],
            });

        var outcomes = await PublishAsync(Events(2));

        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        var again = Assert.Single(_sqs.Requests[1].Entries);
        Assert.Equal(
            _sqs.Requests[0].Entries[1].MessageBody,
            System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(again.MessageBody)));
    }

    [Fact]
    public async Task A_body_that_is_refused_as_base64_too_is_rejected()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Failed = [Failed(request, 0, "InvalidMessageContents", true)],
        });

        var outcome = Assert.Single(await PublishAsync(Events(1)));

        Assert.Equal(PublishStatus.Rejected, outcome.Status);
        Assert.Equal(2, _sqs.Requests.Count);
    }

    [Fact]
    public async Task An_answer_that_names_nobody_or_strangers_is_unknown()
    {
        _sqs.OnSend = (_, _) => Task.FromResult(new SendMessageBatchResponse());
        Assert.All(await PublishAsync(Events(2)), outcome => Assert.Equal(PublishStatus.Unknown, outcome.Status));

        _sqs.OnSend = (_, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [new() { Id = "7" }, new() { Id = "-1" }, new() { Id = "x" }, new() { Id = null }, new() { Id = "99999999999" }],
        });
        Assert.All(await PublishAsync(Events(2)), outcome => Assert.Equal(PublishStatus.Unknown, outcome.Status));
    }

    [Fact]
    public async Task An_event_that_the_answer_lists_both_ways_is_not_sent()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [Sent(request, 0)], Failed = [Failed(request, 0, "InternalError", false)],
        });
        Assert.Equal(PublishStatus.Unknown, Assert.Single(await PublishAsync(Events(1))).Status);
    }

    [Theory]
    [InlineData("AWS.SimpleQueueService.NonExistentQueue", HttpStatusCode.BadRequest)]
    [InlineData("AccessDenied", HttpStatusCode.Forbidden)]
    [InlineData("ExpiredToken", HttpStatusCode.Forbidden)]
    [InlineData("KmsAccessDenied", HttpStatusCode.BadRequest)]
    [InlineData("RequestThrottled", HttpStatusCode.BadRequest)]
    [InlineData("ThrottlingException", HttpStatusCode.BadRequest)]
    [InlineData("InternalFailure", HttpStatusCode.InternalServerError)]
    [InlineData("ServiceUnavailable", HttpStatusCode.ServiceUnavailable)]
    public async Task A_call_that_fails_as_a_whole_says_nothing_about_its_messages(string code, HttpStatusCode status)
    {
        _sqs.OnSend = (_, _) => throw ScriptedSqs.Error(code, status);
        var outcomes = await PublishAsync(Events(3));
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
        Assert.Contains(code, outcomes[0].Detail!, StringComparison.Ordinal);
        Assert.Single(_sqs.Requests);
    }

    [Fact]
    public async Task A_broken_connection_is_an_outage_and_its_text_stays_out_of_log_and_outcome()
    {
        _sqs.OnSend = (_, _) => throw new HttpRequestException("secret-host refused");
        var outcome = Assert.Single(await PublishAsync(Events(1)));
        Assert.Equal(PublishStatus.Unavailable, outcome.Status);
        Assert.DoesNotContain("secret", outcome.Detail!, StringComparison.Ordinal);
        Assert.NotEmpty(_log.Lines);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Memory_that_runs_out_is_no_outage_of_the_queue(bool wrapped)
    {
        var fault = new OutOfMemoryException();
        _sqs.OnSend = (_, _) => throw (wrapped ? new AmazonSQSException("no memory", new IOException("no memory", fault)) : fault);
        var thrown = await Record.ExceptionAsync(() => PublishAsync(Events(3)));
        Assert.Equal("System.OutOfMemoryException", FailureText.NameOf(thrown!));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task One_failed_call_does_not_change_the_outcome_of_the_others()
    {
        _sqs.OnSend = (request, _) => request.Entries.Exists(entry => Body(entry).Contains("\"e-15\"", StringComparison.Ordinal))
            ? throw ScriptedSqs.Error("InternalFailure", HttpStatusCode.InternalServerError)
            : Task.FromResult(ScriptedSqs.AcceptAll(request));
        var outcomes = await PublishAsync(Events(30));
        Assert.All(outcomes[..10], outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        Assert.All(outcomes[10..20], outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
        Assert.All(outcomes[20..], outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
    }

    [Theory]
    [InlineData("AWS.SimpleQueueService.BatchRequestTooLong", PublishStatus.Rejected)]
    [InlineData("InvalidMessageContents", PublishStatus.Rejected)]
    [InlineData("InvalidParameterValue", PublishStatus.Unknown)]
    public async Task A_call_that_is_refused_for_one_message_is_split_until_only_that_one_fails(string code, Enum status)
    {
        _sqs.OnSend = (request, _) => request.Entries.Exists(entry => Body(entry).Contains("\"e-6\"", StringComparison.Ordinal))
            ? throw ScriptedSqs.Error(code)
            : Task.FromResult(ScriptedSqs.AcceptAll(request));
        var outcomes = await PublishAsync(Events(10));
        Assert.Equal((PublishStatus)status, outcomes[6].Status);
        Assert.Equal(9, outcomes.Count(outcome => outcome.Status == PublishStatus.Accepted));
        Assert.InRange(_sqs.Requests.Count, 2, 9);
    }

    [Fact]
    public async Task An_event_that_is_sent_again_says_what_it_said_at_first()
    {
        // Refused as a whole, then split, then without an answer.
        _sqs.OnSend = (request, _) => request.Entries.Count > 2
            ? throw ScriptedSqs.Error("InvalidParameterValue")
            : Task.FromResult(new SendMessageBatchResponse());
        OutboxEvent[] events = [.. Enumerable.Range(0, 8).Select(i => Sample.Event($"e-{i}", new string((char)('a' + i), 20_000)))];

        Assert.All(await PublishAsync(events), outcome => Assert.Equal(PublishStatus.Unknown, outcome.Status));
        await PublishAsync([.. events.Select(e => e with { EventId = $"other {e.EventId}", Payload = new string('z', 20_000) })]);
        await PublishAsync(events);

        var bodies = _sqs.Requests.SelectMany(request => request.Entries)
            .ToLookup(entry => entry.MessageAttributes[SqsAttributes.EventId].StringValue, entry => entry.MessageBody);
        Assert.All(events, e => Assert.Equal(
            Enumerable.Repeat(Encoding.UTF8.GetString(new EnvelopeFormat().Write(e).Span), 6), bodies[e.EventId]));
    }

    [Fact]
    public async Task A_throttled_entry_is_no_fault_of_the_message()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [Sent(request, 0)], Failed = [Failed(request, 1, "RequestThrottled", true)],
        });
        var outcomes = await PublishAsync(Events(2));
        Assert.Equal([PublishStatus.Accepted, PublishStatus.Unavailable], outcomes.Select(outcome => outcome.Status));
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_rejected_and_the_others_are_sent()
    {
        _options = _options with { MaxBatchBytes = 2_000 };
        var events = Events(3);
        events[1] = Sample.Event("e-1", new string('é', 1_000));
        var outcomes = await PublishAsync(events);
        Assert.Equal([PublishStatus.Accepted, PublishStatus.Rejected, PublishStatus.Accepted], outcomes.Select(outcome => outcome.Status));
        Assert.Equal(ErrorCodes.MessageTooLarge, outcomes[1].Code);
        Assert.Equal(2, _sqs.Requests.Sum(request => request.Entries.Count));
    }

    [Fact]
    public async Task A_call_never_holds_more_bytes_than_the_queue_takes()
    {
        _options = _options with { MaxBatchBytes = 5_000 };
        var outcomes = await PublishAsync([.. Enumerable.Range(0, 40).Select(i => Sample.Event($"e-{i}", new string('é', 100 + (i * 37 % 1500))))]);
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        Assert.All(_sqs.Requests, request => Assert.InRange(request.Entries.Sum(Size), 1, 5_000));
        Assert.Equal(40, _sqs.Requests.Sum(request => request.Entries.Count));
    }

    [Fact]
    public async Task Large_messages_are_written_on_one_thread_which_waits_for_no_answer()
    {
        const int Count = 6;
        var threads = new ConcurrentBag<int>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _sqs.OnSend = async (request, _) =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            if (threads.Count == Count)
            {
                all.SetResult();
            }

            await all.Task;
            return ScriptedSqs.AcceptAll(request);
        };

        var outcomes = await PublishAsync([.. Enumerable.Range(0, Count).Select(i => Sample.Event($"e-{i}", new string('x', 600_000)))]);

        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Accepted, outcome.Status));
        Assert.Equal(Count, threads.Count);
        Assert.Single(threads.Distinct());
    }

    [Fact]
    public async Task No_more_calls_are_in_flight_than_configured()
    {
        _options = _options with { Concurrency = 3 };
        var (now, most) = (0, 0);
        using var slots = new SemaphoreSlim(0);
        _sqs.OnSend = async (request, ct) =>
        {
            lock (slots)
            {
                most = Math.Max(most, ++now);
            }

            await slots.WaitAsync(ct);
            lock (slots)
            {
                now--;
            }

            return ScriptedSqs.AcceptAll(request);
        };
        var publishing = PublishAsync(Events(200));
        await Testing.Eventually.TrueAsync(() => Volatile.Read(ref now) == 3, "three calls in flight");
        slots.Release(20);
        await publishing;
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task What_was_not_sent_by_the_deadline_is_not_sent_and_what_was_keeps_its_outcome()
    {
        _options = _options with { Concurrency = 1 };
        using var cancel = new CancellationTokenSource();
        _sqs.OnSend = async (request, ct) =>
        {
            if (_sqs.Requests.Count == 2)
            {
                await cancel.CancelAsync();
                ct.ThrowIfCancellationRequested();
            }

            return ScriptedSqs.AcceptAll(request);
        };
        var outcomes = await Publisher().PublishAsync(Events(40), cancel.Token);
        Assert.Equal(10, outcomes.Count(outcome => outcome.Status == PublishStatus.Accepted));
        Assert.Equal(30, outcomes.Count(outcome => outcome.Status is PublishStatus.Unavailable or PublishStatus.Unknown));
        Assert.Equal(2, _sqs.Requests.Count);
    }

    [Fact]
    public async Task On_a_fifo_queue_ids_that_do_not_fit_are_hashed_and_the_order_is_kept()
    {
        _options = new SqsPublisherOptions { QueueUrl = "http://127.0.0.1:1/000000000000/q.fifo" };
        var awkward = new string('x', 200);
        var events = Events(30).Select((e, i) => e with { OrderingKey = "customer-7" }).ToArray();
        events[3] = Sample.Event(awkward) with { OrderingKey = "customer 7" };
        events[4] = Sample.Event("é");

        await PublishAsync(events);

        var entries = _sqs.Requests.SelectMany(request => request.Entries).ToList();
        Assert.Equal(events.Select(e => e.EventId), entries.Select(entry => new EnvelopeFormat().Read(Encoding.UTF8.GetBytes(Body(entry))).EventId));
        Assert.Equal(("customer-7", "e-0"), (entries[0].MessageGroupId, entries[0].MessageDeduplicationId));
        foreach (var entry in entries)
        {
            Assert.Matches("^[!-~]{1,128}$", entry.MessageGroupId);
            Assert.Matches("^[!-~]{1,128}$", entry.MessageDeduplicationId);
        }

        Assert.Equal(30, entries.Select(entry => entry.MessageDeduplicationId).Distinct().Count());
        Assert.Equal(entries[4].MessageGroupId, entries[4].MessageDeduplicationId);
    }

    [Fact]
    public async Task Text_that_the_queue_takes_is_sent_as_text()
    {
        await PublishAsync(Sample.Event("e-1", "{\"raw\" : \"\U0001F680 é \u2028\"}"));
        var entry = Assert.Single(Assert.Single(_sqs.Requests).Entries);
        Assert.Contains("{\"raw\" : \"\U0001F680 é \u2028\"}", entry.MessageBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ordering-key", "customer-7")]
    [InlineData("header:tenant", "t-1")]
    [InlineData("header:nobody-wrote-it", null)]
    [InlineData("none", null)]
    public async Task A_standard_queue_gets_the_group_that_fair_queues_go_by(string messageGroup, string? group)
    {
        _options = _options with { MessageGroup = messageGroup };
        var written = Sample.Event("e-1") with { OrderingKey = "customer-7", Headers = new Dictionary<string, string> { ["tenant"] = "t-1" } };

        await PublishAsync(written, Sample.Event("e-2"));

        var entries = Assert.Single(_sqs.Requests).Entries;
        Assert.Equal([group, null], entries.Select(entry => entry.MessageGroupId));
        Assert.All(entries, entry => Assert.Null(entry.MessageDeduplicationId));
    }

    [Fact]
    public async Task A_standard_queue_gets_no_group()
    {
        await PublishAsync(Sample.Event("e-1") with { OrderingKey = "k" });
        var entry = Assert.Single(Assert.Single(_sqs.Requests).Entries);
        Assert.Null(entry.MessageGroupId);
        Assert.Null(entry.MessageDeduplicationId);
    }

    [Fact]
    public async Task Id_subject_format_and_trace_travel_as_attributes()
    {
        await PublishAsync(
            Sample.Event("e-1") with { Headers = new Dictionary<string, string> { ["traceparent"] = "00-1-2-01" } },
            Sample.Event("no\uFFFEt xml", "{\"a\":\"\uFFFE\"}") with { Headers = new Dictionary<string, string> { ["traceparent"] = "" } });
        var entries = Assert.Single(_sqs.Requests).Entries;
        Assert.Equal(
            ["relaybox-event-id=e-1", "relaybox-format=envelope", "relaybox-subject=orders.placed", "traceparent=00-1-2-01"],
            entries[0].MessageAttributes.Where(a => a.Key != SqsAttributes.Properties)
                .OrderBy(a => a.Key).Select(a => $"{a.Key}={a.Value.StringValue}"));
        Assert.Matches("""^\{"publishedAt":"20[^"]+Z"\}$""", entries[0].MessageAttributes["relaybox-properties"].StringValue);
        Assert.Equal(["relaybox-encoding", "relaybox-format", "relaybox-properties", "relaybox-subject"], entries[1].MessageAttributes.Keys.Order());
        Assert.All(entries, entry => Assert.Matches("^[A-Za-z0-9_-]{1,80}$", entry.Id));
    }

    private static OutboxEvent[] Events(int count) => [.. Enumerable.Range(0, count).Select(i => Sample.Event($"e-{i}"))];

    private static string Body(SendMessageBatchRequestEntry entry) =>
        entry.MessageAttributes.ContainsKey(SqsAttributes.Encoding)
            ? Encoding.UTF8.GetString(Convert.FromBase64String(entry.MessageBody))
            : entry.MessageBody;

    private static int Size(SendMessageBatchRequestEntry entry) => Encoding.UTF8.GetByteCount(entry.MessageBody)
        + entry.MessageAttributes.Sum(a => a.Key.Length + a.Value.DataType.Length + Encoding.UTF8.GetByteCount(a.Value.StringValue));

    private static SendMessageBatchResultEntry Sent(SendMessageBatchRequest request, int i) => new() { Id = request.Entries[i].Id };

    private static BatchResultErrorEntry Failed(SendMessageBatchRequest request, int i, string code, bool senderFault) =>
        new() { Id = request.Entries[i].Id, Code = code, SenderFault = senderFault, Message = "made by a test" };

    private SqsMessagePublisher Publisher() => new(_sqs, new EnvelopeFormat(), _options, TimeProvider.System, _log);

    private async Task<PublishOutcome[]> PublishAsync(params OutboxEvent[] events) => [.. await Publisher().PublishAsync(events, Ct)];

    private static bool IsBase64(SendMessageBatchRequestEntry entry) => entry.MessageAttributes.ContainsKey(SqsAttributes.Encoding);
}
