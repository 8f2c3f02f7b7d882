using Microsoft.Extensions.Time.Testing;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>Operations on a real store: confirmed, killed and gone on with, cancelled, stopped by themselves.</summary>
public sealed class RowOperationsTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private PostgresOutboxHarness _store = null!;
    private PostgresJobStore _jobs = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IOutboxRepository Outbox => _store.Repository;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresOutboxHarness.CreateAsync(server);
        _jobs = new PostgresJobStore(
            new PostgresConnections(_store.Schema.DataSource), _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task An_action_is_done_to_what_was_confirmed_and_to_nothing_else()
    {
        await ParkAsync(120, "publish.rejected");
        await ParkAsync("other", "publish.too-large");
        var preview = await PreviewAsync("error:publish.rejected");
        Assert.Equal((120, 121), (preview.Count, preview.Seen));
        Assert.Equal(5, preview.Samples.Count);
        await _store.PassAsync(TimeSpan.FromSeconds(1));
        await ParkAsync("later", "publish.rejected", at: preview.At + TimeSpan.FromSeconds(1));

        var begun = await BeginAsync(RowAction.Shelve, "error:publish.rejected", preview.At);
        var ended = await RunAsync(begun.Id);

        Assert.Equal((OperationState.Done, 120, 1), (ended.State, ended.Applied, ended.LeftAlone));
        var inSight = (await _store.ParkedAsync(200)).Rows.Where(row => row.ShelvedAt is null);
        Assert.Equal(["later", "other"], inSight.Select(row => row.Event.EventId).Order());
        var kept = Assert.Single(await new OperationStore(_jobs).ListAsync(Ct));
        Assert.Equal(("for the test", "me", OperationState.Done), (kept.Reason, kept.Caller, kept.State));
    }

    [Fact]
    public async Task What_has_ended_is_kept_for_its_retention()
    {
        var (clock, operations) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new OperationStore(_jobs));
        var maintenance = new MaintenanceOptions { OperationRetention = TimeSpan.FromDays(3) };
        var desk = new OperatorDesk(
            Outbox, _store.Operations, operations, new PauseStore(_jobs), clock, SystemEntropy.Instance, maintenance: maintenance);
        var ended = await RunAsync((await BeginAsync(RowAction.Shelve, "state:failed", clock.GetUtcNow())).Id);
        var running = await BeginAsync(RowAction.Shelve, "state:failed", clock.GetUtcNow());

        clock.Advance(maintenance.OperationRetention - TimeSpan.FromMinutes(10));
        Assert.Equal([running.Id], await ContinueAsync());
        Assert.NotNull(await operations.FindAsync(ended.Id, Ct));

        var open = await BeginAsync(RowAction.Shelve, "state:failed", clock.GetUtcNow());
        clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal([open.Id], await ContinueAsync());
        Assert.Null(await operations.FindAsync(ended.Id, Ct));
        Assert.NotNull(await operations.FindAsync(running.Id, Ct));

        async Task<IEnumerable<string>> ContinueAsync() => (await desk.AnswerAsync(
            new OperateRequest { Command = OperateCommand.Continue }, WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct))
            .Operations!.Select(operation => operation.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_killed_in_a_step_is_gone_on_with_and_counts_each_row_once(bool afterTheStep)
    {
        await ParkAsync(30, "publish.rejected");
        Action<int> kill = step => _ = step == 2 ? throw new InvalidOperationException("killed") : step;
        var killed = new WatchedOperations(_store.Operations, afterTheStep ? null : kill, afterTheStep ? kill : null);
        var at = (await PreviewAsync("state:failed")).At;
        var begun = await BeginAsync(RowAction.Shelve, "state:failed", at);

        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(begun.Id, killed));
        Assert.NotEmpty((await new OperationStore(_jobs).FindAsync(begun.Id, Ct))!.Step);
        var ended = await RunAsync(begun.Id);

        Assert.Equal((OperationState.Done, 30, 0), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.All((await _store.ParkedAsync(200)).Rows, row => Assert.NotNull(row.ShelvedAt));
    }

    [Fact]
    public async Task A_cancelled_operation_ends_after_the_step_at_hand_and_leaves_the_rest()
    {
        await ParkAsync(30, "publish.rejected");
        var begun = await BeginAsync(RowAction.Shelve, "state:failed", _store.Now + TimeSpan.FromMinutes(1));
        await new OperationStore(_jobs).RequestCancelAsync(begun.Id, Ct);

        Assert.Equal((OperationState.Cancelled, 0), (await RunAsync(begun.Id) is var ended ? (ended.State, ended.Applied) : default));
        Assert.Equal(OperationState.Cancelled, (await RunAsync(begun.Id)).State);
        Assert.Empty(await _jobs.ListAsync("cancel/", Ct));
    }

    [Fact]
    public async Task A_step_takes_ten_seconds_at_the_slowest_rate()
    {
        await ParkAsync(25, "publish.rejected");
        var (clock, watched) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new WatchedOperations(_store.Operations));
        var operations = new RowOperations(Outbox, watched, new OperationStore(_jobs), clock, SystemEntropy.Instance);
        var begun = await operations.BeginAsync(
            RowAction.Shelve, RowSelection.Parse("state:failed"), _store.Now + TimeSpan.FromMinutes(1), "for the test", "me", rate: 1, Ct);

        var running = operations.RunAsync(begun.Id, WorkDeadline.After(TimeSpan.FromHours(1), clock), Ct);
        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return running.IsCompleted;
            },
            "the operation ends");

        Assert.Equal((OperationState.Done, 25), ((await running)!.State, (await running)!.Applied));
        Assert.Equal([1, 10, 10, 4], watched.Steps);
    }

    [Fact]
    public async Task A_redrive_stops_by_itself_where_what_it_sends_fails_again()
    {
        await ParkAsync(50, "publish.rejected");
        await _store.PassAsync(TimeSpan.FromSeconds(5));
        var at = (await PreviewAsync("state:failed")).At;
        using var stop = new CancellationTokenSource();
        var relay = RelayAsync(claim => Outbox.ParkAsync([new(claim.EventId, claim.Token, 1, "publish.rejected", "again")], Ct), stop.Token);

        var ended = await RunAsync((await BeginAsync(RowAction.Redrive, "state:failed", at)).Id);

        await stop.CancelAsync();
        await relay;
        Assert.Equal((OperationState.Stopped, 1), (ended.State, ended.Applied));
        Assert.Equal("1 of 1 rows that were looked at failed again, the first with publish.rejected.", ended.StoppedBecause);
    }

    [Fact]
    public async Task A_redrive_sends_all_where_the_cause_is_gone()
    {
        await ParkAsync(50, "publish.rejected");
        var at = (await PreviewAsync("state:failed")).At;
        using var stop = new CancellationTokenSource();
        var relay = RelayAsync(claim => Outbox.MarkSentAsync([new(claim.EventId, claim.Token)], Ct), stop.Token);

        var ended = await RunAsync((await BeginAsync(RowAction.Redrive, "state:failed", at)).Id);

        Assert.Equal((OperationState.Done, 50), (ended.State, ended.Applied));
        await Eventually.TrueAsync(
            async () => (await Outbox.GetCountByStatusAsync(Ct)).GetValueOrDefault("sent") == 50, "all of them are sent");
        await stop.CancelAsync();
        await relay;
    }

    [Fact]
    public async Task A_purge_lets_the_later_rows_of_a_key_go_on()
    {
        await ParkAsync("a-1", "publish.rejected", key: "a");
        await Outbox.FindOrCreateAsync(Sample.Event("a-2") with { OrderingKey = "a" }, Ct);
        var at = (await PreviewAsync("state:failed")).At;

        var ended = await RunAsync((await BeginAsync(RowAction.Purge, "key:a", at)).Id);

        Assert.Equal((OperationState.Done, 1), (ended.State, ended.Applied));
        Assert.Null(await Outbox.FindAsync("a-1", Ct));
        Assert.Equal(["a-2"], (await Outbox.ClaimAsync(10, Lease, Ct)).Select(claim => claim.EventId));
    }

    [Theory]
    [InlineData(RowAction.Redrive)]
    [InlineData(RowAction.Shelve)]
    [InlineData(RowAction.Purge)]
    internal async Task A_row_counts_as_changed_where_a_try_changed_it_whose_answer_was_lost(RowAction action)
    {
        await ParkAsync(12, "publish.rejected");
        await ParkAsync("later", "publish.rejected");
        await _store.Operations.ApplyAsync(RowAction.Shelve, [RowVersion.Of((await Outbox.FindAsync("later", Ct))!)], Ct);
        var begun = await BeginAsync(action, "shelved:any", _store.Now + TimeSpan.FromMinutes(1));

        var ended = await RunAsync(begun.Id, new LosingOperations(_store.Operations));

        var expected = action == RowAction.Shelve ? 12 : 13;
        Assert.Equal((OperationState.Done, expected, 0), (ended.State, ended.Applied, ended.LeftAlone));
    }

    [Fact]
    public async Task A_row_that_no_try_has_changed_is_left_alone()
    {
        await ParkAsync(2, "publish.rejected");
        var begun = await BeginAsync(RowAction.Purge, "state:failed", _store.Now + TimeSpan.FromMinutes(1));

        var ended = await RunAsync(begun.Id, new LosingOperations(_store.Operations, isApplied: false));

        Assert.Equal((OperationState.Done, 0, 2), (ended.State, ended.Applied, ended.LeftAlone));
        Assert.Equal(2, (await _store.ParkedAsync(10)).Rows.Count);
    }

    [Fact]
    public async Task A_purge_names_the_rows_of_each_step_before_it_deletes_them()
    {
        await ParkAsync(11, "publish.rejected");

        // Each step also skips the rows that have a key.
        var killed = new WatchedOperations(_store.Operations, before: step => _ = step == 4 ? throw new InvalidOperationException("killed") : step);
        var audit = new PurgedRows();
        var begun = await BeginAsync(RowAction.Purge, "state:failed", (await PreviewAsync("state:failed")).At);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Operations(killed, audit).RunAsync(begun.Id, Deadline(), Ct));

        Assert.Equal([1, 10], audit.Steps.Select(step => step.Count));
        Assert.Equal(11, audit.Steps.SelectMany(step => step).Distinct().Count());
        Assert.Equal(10, (await _store.ParkedAsync(200)).Rows.Count);
    }

    [Fact]
    public async Task Of_two_runs_of_one_operation_one_does_nothing()
    {
        await ParkAsync(30, "publish.rejected");
        var begun = await BeginAsync(RowAction.Shelve, "state:failed", _store.Now + TimeSpan.FromMinutes(1));
        Assert.NotNull(await _jobs.TryAcquireAsync($"operation/{begun.Id}", Lease, Ct));

        Assert.Null(await Operations().RunAsync(begun.Id, Deadline(), Ct));
        Assert.All((await _store.ParkedAsync(200)).Rows, row => Assert.Null(row.ShelvedAt));
    }

    private RowOperations Operations(IOutboxOperations? rows = null, IPurgeAudit? audit = null) =>
        new(Outbox, rows ?? _store.Operations, new OperationStore(_jobs), TimeProvider.System, SystemEntropy.Instance, audit: audit);

    private Task<RowPreview> PreviewAsync(string selection) =>
        new SelectedRows(Outbox, _store.Operations).PreviewAsync(RowSelection.Parse(selection), Deadline(), Ct);

    private Task<Operation> BeginAsync(RowAction action, string selection, DateTimeOffset confirmedAt) =>
        Operations().BeginAsync(action, RowSelection.Parse(selection), confirmedAt, "for the test", "me", rate: null, Ct);

    private async Task<Operation> RunAsync(string id, IOutboxOperations? rows = null) =>
        (await Operations(rows).RunAsync(id, Deadline(), Ct))!;

    private static WorkDeadline Deadline() => WorkDeadline.After(TimeSpan.FromMinutes(10), TimeProvider.System);

    private async Task RelayAsync(Func<OutboxClaim, Task> end, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var claim in await Outbox.ClaimAsync(10, Lease, Ct))
            {
                await end(claim);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
        }
    }

    private async Task ParkAsync(int count, string code)
    {
        for (var i = 0; i < count; i++)
        {
            await ParkAsync($"e-{i:D3}", code);
        }
    }

    private async Task ParkAsync(string eventId, string code, string? key = null, DateTimeOffset? at = null)
    {
        await Outbox.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = key }, Ct);
        var claim = await Outbox.MarkAsPublishingAsync(eventId, Lease, Ct);
        Assert.Equal(1, (await Outbox.ParkAsync([new(eventId, claim!.Token, 3, code, "no")], Ct)).Applied);
        if (at is { } time)
        {
            await _store.Schema.ExecuteAsync("UPDATE {{outbox}} SET failed_at = $1 WHERE event_id = $2", time.UtcDateTime, eventId);
        }
    }

    private sealed class PurgedRows : IPurgeAudit
    {
        public List<IReadOnlyCollection<string>> Steps { get; } = [];

        public void Purging(Operation operation, IReadOnlyCollection<string> eventIds) => Steps.Add(eventIds);
    }

    /// <summary>Counts the steps, and the rows of each.</summary>
    /// <param name="inner">What is watched.</param>
    /// <param name="before">Called with the number of each step, before it is done.</param>
    /// <param name="after">Called when it is done and nobody knows yet.</param>
    private sealed class WatchedOperations(IOutboxOperations inner, Action<int>? before = null, Action<int>? after = null) : IOutboxOperations
    {
        public List<int> Steps { get; } = [];

        public Task<RowPage> ReadAsync(
            OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken) =>
            inner.ReadAsync(status, since, cursor, limit, cancellationToken);

        public async Task<ActionOutcome> ApplyAsync(
            RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
        {
            Steps.Add(rows.Count);
            before?.Invoke(Steps.Count);
            var applied = await inner.ApplyAsync(action, rows, cancellationToken);
            after?.Invoke(Steps.Count);
            return applied;
        }

        public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    /// <summary>Loses the answer about the first row of each step, and tries again.</summary>
    /// <param name="inner">The store.</param>
    /// <param name="isApplied">Whether the first try came to the store at all, and the next one.</param>
    private sealed class LosingOperations(IOutboxOperations inner, bool isApplied = true) : IOutboxOperations
    {
        public Task<RowPage> ReadAsync(
            OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken) =>
            inner.ReadAsync(status, since, cursor, limit, cancellationToken);

        public async Task<ActionOutcome> ApplyAsync(RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
        {
            if (rows.Count == 0 || !isApplied)
            {
                return new ActionOutcome([], [.. rows.Select(row => row.EventId)]);
            }

            await inner.ApplyAsync(action, [rows[0]], cancellationToken);
            return (await inner.ApplyAsync(action, rows, cancellationToken)) with { Unclear = [rows[0].EventId] };
        }

        public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
