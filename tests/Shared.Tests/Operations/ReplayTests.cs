using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>Replays from a real store: confirmed, killed and gone on with, without a broker, and stopped by themselves.</summary>
public sealed class ReplayTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(21);

    private readonly RecordingPublisher _publisher = new();
    private readonly FakePayloadStore _payloads = new();

    private ClaimCheck? _claimCheck;
    private PostgresOutboxHarness _store = null!;
    private PostgresInboxRepository _inbox = null!;
    private OperationStore _operations = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IOutboxRepository Outbox => _store.Repository;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresOutboxHarness.CreateAsync(server);
        var connections = new PostgresConnections(_store.Schema.DataSource);
        _inbox = new PostgresInboxRepository(connections, _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _operations = new OperationStore(new PostgresJobStore(connections, _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_republish_sends_what_was_confirmed_as_it_was_and_the_rows_stay_as_they_are()
    {
        await SendAsync(300);
        await SendAsync("other", "mails.sent");
        var preview = await PreviewAsync("subject:orders.*");
        Assert.Equal((300, 301, true), (preview.Count, preview.Seen, preview.IsWhole));
        await SendAsync("later", at: preview.At + TimeSpan.FromSeconds(1));
        var before = await Outbox.FindAsync("e-007", Ct);

        var ended = await RunAsync(await BeginAsync(RowAction.Republish, "subject:orders.*", preview.At));

        Assert.Equal((OperationState.Done, 300, 1), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"e-{i:D3}"), _publisher.Sent.Select(sent => sent.EventId).Order());
        Assert.All(_publisher.Sent, sent => Assert.Equal("", sent.ReplayId));
        Assert.All(_publisher.Sent, sent => Assert.Equal(Sample.Event("e").Payload, sent.Payload));
        Assert.Equal(before!.SentAt, _publisher.Sent.Single(sent => sent.EventId == "e-007").PublishedAt);
        var after = await Outbox.FindAsync("e-007", Ct);
        Assert.Equal((before.Status, before.SentAt, before.Token), (after!.Status, after.SentAt, after.Token));
    }

    [Fact]
    public async Task Rows_of_a_key_are_replayed_in_their_order()
    {
        for (var i = 0; i < 120; i++)
        {
            await SendAsync($"a-{i:D3}", key: "a");
        }

        await RunAsync(await BeginAsync(RowAction.Reprocess, "key:a", (await PreviewAsync("key:a")).At));

        Assert.Equal(Enumerable.Range(0, 120).Select(i => $"a-{i:D3}"), _publisher.Sent.Select(sent => sent.EventId));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(215)]
    public async Task What_was_killed_is_gone_on_with_under_the_same_replay_id_and_leaves_nothing_out(int deadAt)
    {
        await SendAsync(300);
        var begun = await BeginAsync(RowAction.Reprocess, "state:sent", (await PreviewAsync("state:sent")).At);
        _publisher.DieAt(deadAt);
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(begun));
        var killed = (await _operations.FindAsync(begun.Id, Ct))!;
        Assert.Equal(OperationState.Running, killed.State);
        Assert.InRange(killed.Applied, 0, deadAt);

        var ended = await RunAsync(begun);

        Assert.Equal((OperationState.Done, 300, 0), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.Equal(300, _publisher.Sent.Select(sent => sent.EventId).Distinct().Count());
        Assert.All(_publisher.Sent, sent => Assert.Equal(begun.Id, sent.ReplayId));

        // Of a step alone it is not known whether it was sent.
        Assert.InRange(_publisher.Sent.Count, 300, 350);
    }

    [Fact]
    public async Task Without_a_broker_the_operation_stays_open_and_goes_on_when_it_is_back()
    {
        await SendAsync(5);
        var begun = await BeginAsync(RowAction.Republish, "state:sent", (await PreviewAsync("state:sent")).At);
        _publisher.Answer = _ => PublishOutcome.Unavailable("no route");
        var e = await Assert.ThrowsAsync<ReplayFailedException>(() => RunAsync(begun));
        Assert.StartsWith("The broker cannot be reached: no route", e.Message, StringComparison.Ordinal);

        // What the broker has may be from the run that had no answer.
        _publisher.Answer = sent => sent.EventId == "e-000" ? PublishOutcome.KnownCopy : PublishOutcome.Accepted;
        var ended = await RunAsync(begun);

        Assert.Equal((OperationState.Done, 5, 0), (ended.State, ended.Applied, ended.LeftAlone));
    }

    [Fact]
    public async Task What_is_not_taken_is_left_alone_with_its_reason()
    {
        await SendAsync(4);
        _publisher.Answer = sent => sent.EventId switch
        {
            "e-001" => PublishOutcome.Rejected(ErrorCodes.MessageTooLarge, "too large"),
            "e-002" => PublishOutcome.KnownCopy,
            _ => PublishOutcome.Accepted,
        };

        var ended = await RunAsync(await BeginAsync(RowAction.Republish, "state:sent", (await PreviewAsync("state:sent")).At));

        Assert.Equal((OperationState.Done, 2, 2), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.Equal(1, ended.LeftBecause![$"The broker does not take it: {ErrorCodes.MessageTooLarge}."]);
        Assert.Single(ended.LeftBecause, reason => reason.Key.StartsWith("The broker knows its id", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_inbox_has_forgotten_is_not_republished_and_can_be_reprocessed()
    {
        await SendAsync("old", at: DateTimeOffset.UtcNow - Remembered - TimeSpan.FromMinutes(1));
        await SendAsync("young", at: DateTimeOffset.UtcNow - Remembered + TimeSpan.FromHours(1));
        var at = (await PreviewAsync("state:sent")).At;

        var republished = await RunAsync(await BeginAsync(RowAction.Republish, "state:sent", at));
        Assert.Equal((1, 1), (republished.Applied, republished.LeftAlone));
        Assert.Equal("young", Assert.Single(_publisher.Sent).EventId);

        Assert.Equal(2, (await RunAsync(await BeginAsync(RowAction.Reprocess, "state:sent", at))).Applied);
    }

    [Fact]
    public async Task A_large_payload_is_replayed_by_the_claim_check_as_the_relay_sends_it()
    {
        _claimCheck = new ClaimCheck(_payloads, thresholdBytes: 4);
        await SendAsync(2);
        var begun = await BeginAsync(RowAction.Reprocess, "state:sent", (await PreviewAsync("state:sent")).At);
        _payloads.Away = FakePayloadStore.Outage;
        var e = await Assert.ThrowsAsync<ReplayFailedException>(() => RunAsync(begun));
        Assert.StartsWith("A large payload cannot be stored: S3 cannot be used", e.Message, StringComparison.Ordinal);
        Assert.Empty(_publisher.Sent);

        _payloads.Away = null;
        var ended = await RunAsync(begun);

        Assert.Equal((OperationState.Done, 2), (ended.State, ended.Applied));
        Assert.All(_publisher.Sent, sent => Assert.True(PayloadReference.IsIn(sent)));
        Assert.Single(_payloads.Objects);
    }

    [Fact]
    public async Task A_reprocess_stops_by_itself_where_the_handlers_fail_again()
    {
        await SendAsync(50);
        var begun = await BeginAsync(RowAction.Reprocess, "state:sent", (await PreviewAsync("state:sent")).At);
        _publisher.Handle = async sent =>
        {
            var claim = await ClaimAsync("default", sent);
            Assert.Equal(begun.Id, claim.Key.ReplayId);
            Assert.True(await _inbox.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "again", Ct));
        };

        var ended = await RunAsync(begun);

        Assert.Equal((OperationState.Stopped, 1), (ended.State, ended.Applied));
        Assert.Equal("1 of 1 events that were looked at failed again, the first with handler.failed.", ended.StoppedBecause);
    }

    [Fact]
    public async Task Why_tells_what_each_consumer_did_with_an_event_and_with_its_replays()
    {
        await SendAsync("e-1");
        var sent = (await Outbox.FindAsync("e-1", Ct))!.Event;
        var begun = await BeginAsync(RowAction.Reprocess, "id:e-1", (await PreviewAsync("id:e-1")).At);
        var explanation = new RowExplanation(
            Outbox, _store.Operations, TimeProvider.System, new InboxTrail(
                _inbox, new InboxConsumers(subject => subject == "orders.placed" ? ["billing", "shipping"] : []), _operations));
        var before = await explanation.ExplainAsync("e-1", Ct);
        Assert.Equal(3, before.Count);
        Assert.StartsWith("The consumer shipping has no record of it", before[2], StringComparison.Ordinal);

        Assert.True(await _inbox.MarkProcessedAsync(await ClaimAsync("billing", sent), Ct));
        Assert.True(await _inbox.MarkFailedAsync(await ClaimAsync("billing", sent with { ReplayId = begun.Id }), ErrorCodes.HandlerFailed, "no", Ct));
        await ClaimAsync("shipping", sent);

        Assert.Collection(
            await explanation.ExplainAsync("e-1", Ct),
            line => Assert.StartsWith("It was sent", line, StringComparison.Ordinal),
            line => Assert.StartsWith("The consumer billing has handled it at 20", line, StringComparison.Ordinal),
            line => Assert.StartsWith("The consumer shipping has it in hand, in attempt 1, until 20", line, StringComparison.Ordinal),
            line => Assert.StartsWith(
                $"Replayed by the operation {begun.Id}: the consumer billing failed in attempt 1 at 20", line, StringComparison.Ordinal));
        await SendAsync("e-2", "mails.sent");
        Assert.Equal("No handler here takes its subject.", (await explanation.ExplainAsync("e-2", Ct))[1]);
    }

    [Fact]
    public async Task A_selection_by_age_means_what_it_meant_when_it_was_confirmed()
    {
        await SendAsync("old", at: DateTimeOffset.UtcNow - TimeSpan.FromHours(3));
        await SendAsync("young", at: DateTimeOffset.UtcNow - TimeSpan.FromMinutes(110));
        var preview = await PreviewAsync("newer:2h");
        Assert.Equal((1, 1), (preview.Count, preview.Seen));
        var begun = await BeginAsync(RowAction.Republish, "newer:2h", preview.At);

        // An hour later both are older than that.
        var ended = await RunAsync(begun, new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromHours(1)));

        Assert.Equal((OperationState.Done, 1), (ended.State, ended.Applied));
        Assert.Equal("young", Assert.Single(_publisher.Sent).EventId);
    }

    [Fact]
    public async Task What_cannot_be_done_with_sent_rows_is_refused_with_what_can()
    {
        var e = await Assert.ThrowsAsync<RequestException>(() => BeginAsync(RowAction.Purge, "state:sent", _store.Now));
        Assert.Equal("Sent rows can be republished or reprocessed, and parked rows cannot.", e.Message);
        await Assert.ThrowsAsync<RequestException>(() => Operations().BeginAsync(
            RowAction.Republish, RowSelection.Parse("state:failed"), _store.Now, "why", "me", null, Ct));
        e = await Assert.ThrowsAsync<RequestException>(() => Operations().BeginAsync(
            RowAction.Redrive, RowSelection.Parse("", OperationTarget.PendingRows), _store.Now, "why", "me", null, Ct));
        Assert.StartsWith("Pending rows are the relay's", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<RequestException>(() => PreviewAsync("error:publish.*"));
        Assert.Contains("no term of a selection of sent rows", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<RequestException>(() => PreviewAsync("state:failed"));
        Assert.Contains("here are sent rows alone, state:sent", e.Message, StringComparison.Ordinal);

        // A process without a broker leaves the operation to one that has it.
        var begun = await BeginAsync(RowAction.Republish, "state:sent", _store.Now);
        var withoutBroker = new RowOperations(Outbox, _store.Operations, _operations, TimeProvider.System, SystemEntropy.Instance);
        Assert.False(withoutBroker.Reaches(begun));
        e = await Assert.ThrowsAsync<RequestException>(() => withoutBroker.RunAsync(begun.Id, Deadline(), Ct));
        Assert.Contains("names the broker", e.Message, StringComparison.Ordinal);
    }

    private static WorkDeadline Deadline() => WorkDeadline.After(TimeSpan.FromMinutes(10), TimeProvider.System);

    private RowOperations Operations(TimeProvider? time = null) => new(
        Outbox, _store.Operations, _operations, time ?? TimeProvider.System, SystemEntropy.Instance, replays: new ReplayDesk(
            Outbox, _store.Operations, _publisher, new ConsumerOptions { RememberedFor = Remembered }, time ?? TimeProvider.System,
            _claimCheck, _inbox, _publisher.Handle is null ? null : new InboxConsumers(_ => ["default"])));

    private Task<RowPreview> PreviewAsync(string selection) => new SelectedRows(Outbox, _store.Operations)
        .PreviewAsync(RowSelection.Parse(selection, OperationTarget.SentRows), Deadline(), Ct);

    private Task<Operation> BeginAsync(RowAction action, string selection, DateTimeOffset confirmedAt) => Operations().BeginAsync(
        action, RowSelection.Parse(selection, OperationTarget.SentRows), confirmedAt, "for the test", "me", rate: null, Ct);

    private async Task<Operation> RunAsync(Operation begun, TimeProvider? time = null) =>
        (await Operations(time).RunAsync(begun.Id, Deadline(), Ct))!;

    private async Task<InboxClaim.Claimed> ClaimAsync(string consumer, OutboxEvent sent) => Assert.IsType<InboxClaim.Claimed>(
        Assert.Single(await _inbox.ClaimAsync(
            consumer, [new InboxMessage(sent) { MessageId = sent.EventId }], TimeSpan.FromMinutes(1), 5, Ct)));

    private async Task SendAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await SendAsync($"e-{i:D3}");
        }
    }

    private async Task SendAsync(string eventId, string subject = "orders.placed", string? key = null, DateTimeOffset? at = null)
    {
        await Outbox.FindOrCreateAsync(Sample.Event(eventId, subject: subject) with { OrderingKey = key }, Ct);
        var claim = await Outbox.MarkAsPublishingAsync(eventId, TimeSpan.FromMinutes(2), Ct);
        Assert.Equal(1, (await Outbox.MarkSentAsync([new(eventId, claim!.Token)], Ct)).Applied);
        if (at is { } time)
        {
            await _store.Schema.ExecuteAsync("UPDATE {{outbox}} SET sent_at = $1 WHERE event_id = $2", time.UtcDateTime, eventId);
        }
    }

    /// <summary>A broker that remembers what it was sent, and answers as it is told.</summary>
    private sealed class RecordingPublisher : IMessagePublisher
    {
        private int _deadAt = int.MaxValue;

        internal List<OutboxEvent> Sent { get; } = [];

        internal Func<OutboxEvent, PublishOutcome> Answer { get; set; } = _ => PublishOutcome.Accepted;

        internal Func<OutboxEvent, Task>? Handle { get; set; }

        /// <summary>Ends the process with the event of this number, which the broker has.</summary>
        internal void DieAt(int number) => _deadAt = number;

        public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            var outcomes = new List<PublishOutcome>();
            foreach (var sent in events)
            {
                outcomes.Add(Answer(sent));
                if (outcomes[^1].Status == PublishStatus.Accepted)
                {
                    Sent.Add(sent);
                }

                if (Sent.Count == _deadAt)
                {
                    _deadAt = int.MaxValue;
                    throw new InvalidOperationException("killed");
                }

                if (Handle is { } handle)
                {
                    await handle(sent);
                }
            }

            return outcomes;
        }
    }
}
