using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Maintenance;

/// <summary>The jobs over real tables: one at a time, resumed where they stopped, taken over when they die.</summary>
public sealed class MaintenanceJobsTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private readonly SkippingTimeProvider _clock = new();
    private readonly RecordingLogger<MaintenanceJobs> _log = new();
    private MaintenanceOptions _options = new() { PageSize = 4, StepTime = TimeSpan.Zero, SaveEvery = TimeSpan.Zero, JobLease = Lease };
    private DynamoDbOutboxHarness _outbox = null!;
    private DynamoDbInboxHarness _inbox = null!;
    private string _table = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private WorkDeadline Long => WorkDeadline.After(TimeSpan.FromMinutes(10), _clock);

    public async ValueTask InitializeAsync()
    {
        _outbox = await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
        _inbox = await DynamoDbInboxHarness.CreateAsync(dynamoDb);
        _table = await DynamoDbTables.CreateSimpleAsync(dynamoDb.Client, "job");
    }

    public async ValueTask DisposeAsync()
    {
        await _outbox.DisposeAsync();
        await _inbox.DisposeAsync();
        await dynamoDb.Client.DeleteTableAsync(_table);
    }

    [Fact]
    public async Task Cleanup_goes_through_outbox_and_inbox_to_the_end()
    {
        await WriteFinishedAsync(11);
        var result = await Jobs().CleanupAsync(Long, Ct);
        Assert.Equal((22, true), (result.Affected, result.Complete));
        Assert.Empty(await _outbox.Repository.GetCountByStatusAsync(Ct));
        Assert.Empty(await _inbox.Repository.GetCountByStatusAsync(Ct));
        Assert.Equal((0, true), await RunAsync(Jobs()));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3600, 2)]
    public async Task How_far_a_job_has_come_is_remembered_as_often_as_it_is_asked_for_and_at_its_end(int seconds, int atLeast)
    {
        _options = _options with { SaveEvery = TimeSpan.FromSeconds(seconds) };
        await WriteFinishedAsync(30);
        var saves = 0;
        await new MaintenanceJobs(
            _outbox.Repository, _inbox.Repository, new CountingJobs(Store(), () => saves++), _options, _log).CleanupAsync(Long, Ct);
        Assert.True(seconds == 0 ? saves > atLeast : saves == atLeast, $"{saves}");
        Assert.Equal((0, true), await RunAsync(Jobs()));
    }

    [Theory]
    [InlineData(3600, 1, 7)]
    [InlineData(0, 10, 100)]
    public async Task Steps_grow_while_they_take_less_than_they_should(int stepSeconds, int least, int most)
    {
        _options = _options with { StepTime = TimeSpan.FromSeconds(stepSeconds) };
        await WriteFinishedAsync(40);
        var steps = 0;
        await Jobs(onPage: () => steps++).CleanupAsync(Long, Ct);
        Assert.InRange(steps, least, most);
    }

    [Fact]
    public async Task A_cleanup_of_the_outbox_that_fails_is_told_and_does_not_stop_that_of_the_inbox()
    {
        await WriteFinishedAsync(3);
        var jobs = Jobs(onPage: () => throw new InvalidOperationException("The outbox cannot be cleaned."));
        await Assert.ThrowsAsync<InvalidOperationException>(() => jobs.CleanupAsync(Long, Ct));
        Assert.Empty(await _inbox.Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task A_job_that_runs_out_of_time_goes_on_where_it_stopped()
    {
        await WriteFinishedAsync(11);
        var jobs = Jobs(onPage: () => _clock.Skip(TimeSpan.FromSeconds(20)));

        var first = await jobs.CleanupAsync(WorkDeadline.After(TimeSpan.FromSeconds(30), _clock), Ct);
        Assert.False(first.Complete || first.IsHeldElsewhere);
        Assert.InRange(first.Affected, 1, 8);
        var cursor = (await JobAsync("cleanup-outbox"))!["cursor"];

        var seen = new List<string?>();
        var result = await Jobs(onCursor: seen.Add).CleanupAsync(Long, Ct);
        Assert.Equal(cursor, seen[0]);
        Assert.Equal((22L, true), (first.Affected + result.Affected, result.Complete));
        Assert.DoesNotContain("cursor", (await JobAsync("cleanup-outbox"))!.Keys);

    }

    [Fact]
    public async Task A_job_without_time_does_nothing_and_gives_itself_up()
    {
        await WriteFinishedAsync(1);
        var result = await Jobs().CleanupAsync(WorkDeadline.After(TimeSpan.Zero, _clock), Ct);
        Assert.Equal((0, false), (result.Affected, result.Complete));
        Assert.Equal((2, true), await RunAsync(Jobs()));
    }

    [Fact]
    public async Task A_job_that_runs_elsewhere_is_left_alone_until_its_lease_ends()
    {
        await WriteFinishedAsync(3);
        Assert.NotNull(await Store().TryAcquireAsync("cleanup-outbox", Lease, Ct));
        Assert.NotNull(await Store().TryAcquireAsync("cleanup-inbox", Lease, Ct));
        Assert.Equal((0, false), await RunAsync(Jobs()));
        Assert.Contains(_log.Lines, line => line.StartsWith("1301 ", StringComparison.Ordinal));

        _clock.Skip(Lease + TimeSpan.FromSeconds(1));
        Assert.Equal((6, true), await RunAsync(Jobs()));
    }

    [Fact]
    public async Task A_run_that_was_taken_over_stops_and_leaves_the_others_cursor_alone()
    {
        await WriteFinishedAsync(11);
        var pages = 0;
        JobLease? other = null;
        var jobs = Jobs(onPage: () =>
        {
            if (pages++ == 0)
            {
                _clock.Skip(Lease + TimeSpan.FromSeconds(1));
                other = Store().TryAcquireAsync("cleanup-outbox", Lease, Ct).GetAwaiter().GetResult();
                Assert.True(Store().SaveAsync(other!, "the other's", Lease, Ct).GetAwaiter().GetResult());
            }
        });
        var late = await jobs.CleanupAsync(Long, Ct);
        Assert.Equal((false, true), (late.Complete, late.IsHeldElsewhere));
        Assert.Equal(1, pages);
        Assert.Equal("the other's", (await JobAsync("cleanup-outbox"))!["cursor"]);
    }

    [Fact]
    public async Task Stale_claims_end_in_outbox_and_inbox()
    {
        var old = _clock.GetUtcNow() - TimeSpan.FromHours(1);
        for (var i = 0; i < 9; i++)
        {
            await _outbox.WriteAsync(new RawRow($"e-{i}") { Status = "publishing", ClaimedAt = old, DueAt = old, Token = "t" });
            await _inbox.WriteAsync(new RawRecord("c", $"e-{i}") { LeaseUntil = old, Token = "t", Deliveries = 1 });
        }

        var result = await Jobs().ResetStaleAsync(Long, Ct);

        Assert.Equal((18, true), (result.Affected, result.Complete));
        Assert.Equal(9, (await _outbox.Repository.GetCountByStatusAsync(Ct))["pending"]);
        Assert.Equal(9, (await _inbox.Repository.GetCountByStatusAsync(Ct))["failed"]);
    }

    [Fact]
    public async Task Reconcile_makes_lost_rows_due_and_counts_all_rows()
    {
        var old = _clock.GetUtcNow() - TimeSpan.FromHours(1);
        for (var i = 0; i < 7; i++)
        {
            await _outbox.WriteAsync(new RawRow($"lost-{i}") { EnqueuedAt = old });
        }

        await _outbox.WriteAsync(new RawRow("odd") { Status = "paused" });
        var result = await Jobs().ReconcileAsync(Long, Ct);
        Assert.Equal((7, true, 7L, 1L), (result.Affected, result.Complete, result.Counts["pending"], result.Counts["paused"]));
        Assert.Equal(7, (await _outbox.Repository.ClaimAsync(100, Lease, Ct)).Count);
    }

    [Fact]
    public async Task Of_many_who_want_a_job_at_once_one_gets_it()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Store().TryAcquireAsync("job", Lease, Ct)));
        var lease = Assert.Single(leases.OfType<JobLease>());
        Assert.Null(lease.Cursor);
        Assert.True(await Store().SaveAsync(lease, "here", Lease, Ct));
        _clock.Skip(Lease - TimeSpan.FromSeconds(5));
        Assert.Null(await Store().TryAcquireAsync("job", Lease, Ct));

        Assert.True(await Store().SaveAsync(lease, "there", TimeSpan.Zero, Ct));
        var next = await Store().TryAcquireAsync("job", Lease, Ct);
        Assert.Equal("there", next!.Cursor);
        Assert.False(await Store().SaveAsync(lease, "late", Lease, Ct));
        Assert.True(await Store().SaveAsync(next, null, TimeSpan.Zero, Ct));
        Assert.Null((await Store().TryAcquireAsync("job", Lease, Ct))!.Cursor);
        Assert.NotNull(await Store().TryAcquireAsync("another job", Lease, Ct));
    }

    private async Task WriteFinishedAsync(int count)
    {
        var old = _clock.GetUtcNow() - TimeSpan.FromDays(100);
        for (var i = 0; i < count; i++)
        {
            await _outbox.WriteAsync(new RawRow($"e-{i}") { Status = "sent", SentAt = old });
            await _inbox.WriteAsync(new RawRecord("c", $"e-{i}") { Status = "processed", ProcessedAt = old });
        }
    }

    private async Task<(long Affected, bool Complete)> RunAsync(MaintenanceJobs jobs)
    {
        var result = await jobs.CleanupAsync(Long, Ct);
        return (result.Affected, result.Complete);
    }

    private DynamoDbJobStore Store() => new(dynamoDb.Client, _table, _clock, SystemEntropy.Instance);

    private Task<IReadOnlyDictionary<string, string>?> JobAsync(string job) => DynamoDbItems.ReadAsync(
        dynamoDb.Client, _table, new Dictionary<string, Amazon.DynamoDBv2.Model.AttributeValue>().Set("job", job));

    private MaintenanceJobs Jobs(Action? onPage = null, Action<string?>? onCursor = null) => new(
        new WatchedOutbox(_outbox.Repository, onPage, onCursor), _inbox.Repository, Store(), _options, _log);

    private sealed class CountingJobs(IJobStore inner, Action onSave) : IJobStore
    {
        public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken) =>
            inner.TryAcquireAsync(job, lease, cancellationToken);

        public Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken)
        {
            onSave();
            return inner.SaveAsync(lease, cursor, duration, cancellationToken);
        }

        public Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    /// <summary>Passes everything on, and tells the test of each page of the cleanup.</summary>
    private sealed class WatchedOutbox(IOutboxRepository inner, Action? onPage, Action<string?>? onCursor) : IOutboxRepository
    {
        public async Task<MaintenancePage> CleanupAsync(
            TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
        {
            onCursor?.Invoke(cursor);
            var page = await inner.CleanupAsync(sentRetention, failedRetention, cursor, pageSize, cancellationToken);
            onPage?.Invoke();
            return page;
        }

        public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
            inner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);

        public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
            inner.ReconcileAsync(age, cursor, pageSize, cancellationToken);

        public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
