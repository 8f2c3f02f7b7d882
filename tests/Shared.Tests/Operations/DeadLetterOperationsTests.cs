using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging.Formats;
using Relaybox.Operations;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>
/// Redrives of dead letters by a real consumer with a real inbox: killed and gone on with, cancelled, stopped by themselves. An emulator stands
/// for SQS.
/// </summary>
public sealed class DeadLetterOperationsTests(PostgresServer server, SqsEmulator sqs) : IAsyncLifetime
{
    private const int MaxAttempts = 2;

    private readonly Handler<string> _handler = new();

    private PostgresInboxHarness _store = null!;
    private PostgresInboxRepository _inbox = null!;
    private PostgresOutboxOperations _rows = null!;
    private OperationStore _operations = null!;
    private bool _isRepaired;
    private string _url = null!;
    private string _deadUrl = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresInboxHarness.CreateAsync(server);
        var connections = new PostgresConnections(_store.Schema.DataSource);
        _inbox = (PostgresInboxRepository)_store.Repository;
        _rows = new PostgresOutboxOperations(connections, _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _operations = new OperationStore(new PostgresJobStore(connections, _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance));
        _url = await sqs.CreateQueueAsync();
        _deadUrl = await sqs.CreateQueueAsync("dead");
    }

    public async ValueTask DisposeAsync()
    {
        await sqs.Client.DeleteQueueAsync(_deadUrl);
        await sqs.Client.DeleteQueueAsync(_url);
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task What_is_selected_is_handled_once_and_the_rest_stays()
    {
        await DieAsync(12, i => $"e-{i:D2}");
        await DieAsync(1, _ => "other-1");
        var preview = await PreviewAsync("error:message.* header:n");
        Assert.Equal((13, 13, true), (preview.Count, preview.Seen, preview.IsWhole));
        Assert.Equal(13, preview.Errors![ErrorCodes.AttemptsExhausted]);
        Assert.Equal(1, (await PreviewAsync("id:other-1")).Count);
        Assert.Equal(0, (await PreviewAsync("error:none")).Count);

        _isRepaired = true;
        var ended = await RunWithConsumerAsync((await BeginAsync("id:e-03", preview.At!.Value)).Id);
        Assert.Equal((OperationState.Done, 1, 0), (ended.State, ended.Applied, ended.LeftAlone));
        ended = await RunWithConsumerAsync((await BeginAsync("text:InvalidOperation header:n=1", preview.At.Value)).Id);

        Assert.Equal((OperationState.Done, 12), (ended.State, ended.Applied));
        await Eventually.TrueAsync(() => Task.FromResult(HandledOnce().Count == 13), "all are handled");
        Assert.Equal(0, await Letters().CountAsync(Ct));
    }

    [Fact]
    public async Task What_was_killed_between_sending_and_deleting_is_gone_on_with_and_has_one_effect()
    {
        await DieAsync(5, i => $"e-{i}");
        _isRepaired = true;
        var preview = await PreviewAsync("state:dead");
        var begun = await BeginAsync("state:dead", preview.At!.Value);
        using var dying = new ClientThatDies(sqs);

        await Assert.ThrowsAsync<DeadLettersFailedException>(() => RunAsync(begun.Id, Letters(dying)));
        var killed = (await _operations.FindAsync(begun.Id, Ct))!;
        Assert.Equal((OperationState.Running, 0, 1), (killed.State, killed.Applied, killed.Step.Count));
        var ended = await RunWithConsumerAsync(begun.Id);

        Assert.Equal((OperationState.Done, 5), (ended.State, ended.Applied));
        await Eventually.TrueAsync(() => Task.FromResult(HandledOnce().Count == 5), "all are handled");
        Assert.Equal(0, await Letters().CountAsync(Ct));
        await UntilConsumedAsync();
        Assert.Equal(5, HandledOnce().Count);
    }

    [Fact]
    public async Task A_redrive_stops_by_itself_where_what_it_sends_fails_again()
    {
        await DieAsync(20, i => $"e-{i}");
        var preview = await PreviewAsync("state:dead");
        var ended = await RunWithConsumerAsync((await BeginAsync("state:dead", preview.At!.Value)).Id);
        Assert.Equal((OperationState.Stopped, 1), (ended.State, ended.Applied));
        Assert.Equal("1 of 1 dead letters that were looked at failed again, the first with handler.failed.", ended.StoppedBecause);
    }

    [Fact]
    public async Task A_replay_that_died_gets_its_own_attempts_back_and_is_handled_as_that_replay()
    {
        await DieAsync(1, _ => "e-1", replayId: "replay-1");
        var key = new InboxKey("default", "e-1", "replay-1");
        Assert.Equal(MaxAttempts, (await _inbox.FindAsync(key, Ct))!.Deliveries);
        _isRepaired = true;

        var ended = await RunWithConsumerAsync((await BeginAsync("id:e-1", (await PreviewAsync("id:e-1")).At!.Value)).Id);

        Assert.Equal((OperationState.Done, 1), (ended.State, ended.Applied));
        await Eventually.TrueAsync(
            async () => await _inbox.FindAsync(key, Ct) is { Status: InboxStatus.Processed, Deliveries: 1 }, "the replay is handled");
        Assert.Null(await _inbox.FindAsync(key with { ReplayId = "" }, Ct));
    }

    [Fact]
    public async Task What_died_after_the_confirmation_is_left_alone()
    {
        await DieAsync(2, i => $"e-{i}");
        var preview = await PreviewAsync("state:dead");
        await DieAsync(1, _ => "late");
        _isRepaired = true;
        var ended = await RunWithConsumerAsync((await BeginAsync("state:dead", preview.At!.Value)).Id);
        Assert.Equal((OperationState.Done, 2, 1), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.Equal(1, await Letters().CountAsync(Ct));
    }

    [Fact]
    public async Task What_somebody_else_has_in_hand_is_waited_for()
    {
        await DieAsync(1, _ => "e-1");
        _isRepaired = true;
        var preview = await PreviewAsync("state:dead");
        var begun = await BeginAsync("state:dead", preview.At!.Value);
        OperateAnswer? others;
        await using (var look = await Letters().LookAsync(null, Ct))
        {
            Assert.Single(await look.NextAsync(10, Ct));
            var waiting = await RunAsync(begun.Id, Letters());
            Assert.Equal((OperationState.Running, 0), (waiting.State, waiting.Applied));
            Assert.NotNull(waiting.WaitsSince);
            others = await Desk(Letters()).ListAsync("", null, null, Deadline(), Ct);
        }

        Assert.Empty(others.DeadLetters!);
        Assert.Equal(1, others.DeadLetterCount);
        var ended = await RunWithConsumerAsync(begun.Id);
        Assert.Equal((OperationState.Done, 1, null), (ended.State, ended.Applied, ended.WaitsSince));
    }

    [Fact]
    public async Task A_cancelled_redrive_leaves_the_rest_where_it_is()
    {
        await DieAsync(3, i => $"e-{i}");
        var begun = await BeginAsync("state:dead", DateTimeOffset.UtcNow.AddMinutes(1));
        await _operations.RequestCancelAsync(begun.Id, Ct);
        var ended = await RunAsync(begun.Id, Letters());
        Assert.Equal((OperationState.Cancelled, 0), (ended.State, ended.Applied));
        Assert.Equal(3, (await PreviewAsync("state:dead")).Count);
    }

    [Fact]
    public async Task Other_actions_and_terms_of_rows_are_refused_with_what_to_write()
    {
        var e = await Assert.ThrowsAsync<RequestException>(() => PreviewAsync("shelved:yes"));
        Assert.Contains("no term of a selection of dead letters", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<RequestException>(() => Operations(Letters()).BeginAsync(
            RowAction.Purge, RowSelection.Parse("state:dead", OperationTarget.DeadLetters), DateTimeOffset.UtcNow, "why", "me", null, Ct));
        Assert.Contains("Dead letters can be redriven", e.Message, StringComparison.Ordinal);
    }

    private static WorkDeadline Deadline() => WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System);

    // In whole seconds; long enough that a slow machine does not lose what it holds.
    private SqsDeadLetterQueue Letters(IAmazonSQS? client = null) => new(
        client ?? sqs.Client, _url, _deadUrl, new SqsReader(),
        new SqsVisibility(client ?? sqs.Client, _deadUrl, NullLogger<SqsVisibility>.Instance), TimeProvider.System)
    {
        Hold = TimeSpan.FromSeconds(10),
    };

    private DeadLetterDesk Desk(IDeadLetters letters) => new(letters, _inbox, _inbox, new InboxConsumers(_ => ["default"]), TimeProvider.System);

    private RowOperations Operations(IDeadLetters letters) =>
        new(_store.Outbox, _rows, _operations, TimeProvider.System, SystemEntropy.Instance, Desk(letters));

    private Task<OperateAnswer> PreviewAsync(string selection) => Desk(Letters()).PreviewAsync(selection, Deadline(), Ct);

    private Task<Operation> BeginAsync(string selection, DateTimeOffset confirmedAt) => Operations(Letters()).BeginAsync(
        RowAction.Redrive, RowSelection.Parse(selection, OperationTarget.DeadLetters), confirmedAt, "for the test", "me", rate: null, Ct);

    private async Task<Operation> RunAsync(string id, IDeadLetters letters) => (await Operations(letters).RunAsync(id, Deadline(), Ct))!;

    /// <summary>Goes on with an operation to its end, while a consumer works.</summary>
    private async Task<Operation> RunWithConsumerAsync(string id)
    {
        using var stop = new CancellationTokenSource();
        var consuming = ConsumeAsync(stop.Token);
        Operation operation;
        do
        {
            operation = await RunAsync(id, Letters());
        }
        while (operation.State == OperationState.Running);

        await stop.CancelAsync();
        await consuming;
        return operation;
    }

    private async Task UntilConsumedAsync()
    {
        using var stop = new CancellationTokenSource();
        var consuming = ConsumeAsync(stop.Token);
        await Eventually.TrueAsync(
            async () =>
            {
                var counts = await sqs.Client.GetQueueAttributesAsync(
                    _url, ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"], Ct);
                return counts.ApproximateNumberOfMessages + counts.ApproximateNumberOfMessagesNotVisible == 0;
            },
            "the queue is empty");
        await stop.CancelAsync();
        await consuming;
    }

    private List<string> HandledOnce()
    {
        var handled = _handler.Handled.ToList();
        Assert.Equal(handled.Count, handled.Distinct().Count());
        return handled;
    }

    private async Task DieAsync(int count, Func<int, string> idOf, string replayId = "")
    {
        var before = await Letters().CountAsync(Ct);
        var publisher = new SqsMessagePublisher(
            sqs.Client, new EnvelopeFormat(), new SqsPublisherOptions { QueueUrl = _url }, TimeProvider.System,
            NullLogger<SqsMessagePublisher>.Instance);
        await publisher.PublishAsync(
            [.. Enumerable.Range(0, count).Select(i => Sample.Event(idOf(i), $"\"{idOf(i)}\"") with
            {
                Headers = new Dictionary<string, string> { ["n"] = "1" },
                ReplayId = replayId,
            })],
            Ct);
        using var stop = new CancellationTokenSource();
        var consuming = ConsumeAsync(stop.Token);
        await Eventually.TrueAsync(async () => await Letters().CountAsync(Ct) == before + count, $"{count} are dead");
        await stop.CancelAsync();
        await consuming;
    }

    private async Task ConsumeAsync(CancellationToken stop)
    {
        var registry = new HandlerRegistry("default").AddRaw("orders.>", new Handler<string>(async (payload, context, ct) =>
        {
            if (!_isRepaired)
            {
                throw new InvalidOperationException("broken");
            }

            await _handler.HandleAsync(context.EventId, context, ct);
        }));
        var consumer = new InboxConsumer(
            _inbox,
            registry,
            new ConsumerOptions { MaxAttempts = MaxAttempts, FirstRetryDelay = TimeSpan.Zero },
            TimeProvider.System,
            SystemEntropy.Instance,
            NullLogger<InboxConsumer>.Instance);
        var dead = new SqsDeadLetters(sqs.Client, _deadUrl);
        while (!stop.IsCancellationRequested)
        {
            var received = await sqs.Client.ReceiveMessageAsync(
                new ReceiveMessageRequest { QueueUrl = _url, MaxNumberOfMessages = 10, MessageAttributeNames = ["All"] }, Ct);
            foreach (var message in received.Messages ?? [])
            {
                var outbox = new SqsReader().Read(message.Body, name => message.MessageAttributes.GetValueOrDefault(name)?.StringValue, _ => null);
                var outcome = (await consumer.ConsumeAsync([new InboxMessage(outbox.Event) { MessageId = message.MessageId }], Deadline(), Ct))[0];
                if (outcome is MessageOutcome.Retry)
                {
                    await sqs.Client.ChangeMessageVisibilityAsync(_url, message.ReceiptHandle, 0, Ct);
                    continue;
                }

                if (outcome is MessageOutcome.DeadLetter letter)
                {
                    await dead.SendAsync(message.MessageId, message.Body, message.MessageAttributes, null, letter.ErrorCode, letter.Reason, Ct);
                }

                await sqs.Client.DeleteMessageAsync(_url, message.ReceiptHandle, Ct);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
        }
    }

    /// <summary>Dies before it deletes.</summary>
    private sealed class ClientThatDies(SqsEmulator sqs) : AmazonSQSClient(
        new BasicAWSCredentials("local", "local"),
        new AmazonSQSConfig { ServiceURL = sqs.Endpoint.ToString(), AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 })
    {
        public override Task<DeleteMessageResponse> DeleteMessageAsync(
            string queueUrl, string receiptHandle, CancellationToken cancellationToken = default) => throw new HttpRequestException("dead");

        // Nor does it give anything back.
        public override Task<ChangeMessageVisibilityBatchResponse> ChangeMessageVisibilityBatchAsync(
            ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken = default) => throw new HttpRequestException("dead");
    }
}
