using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Maintenance;

/// <summary>
/// The scheduled jobs. Each goes page by page until its end or its deadline, remembers where it stopped, and runs once at
/// a time; running it twice, or in the middle of anything, does no harm.
/// </summary>
/// <param name="outbox">The outbox.</param>
/// <param name="inbox">The inbox.</param>
/// <param name="jobs">Who runs what, and how far it came.</param>
/// <param name="options">What the jobs do.</param>
/// <param name="logger">The log.</param>
internal sealed class MaintenanceJobs(
    IOutboxRepository outbox,
    IInboxRepository inbox,
    IJobStore jobs,
    MaintenanceOptions options,
    ILogger<MaintenanceJobs> logger)
{
    /// <summary>Deletes what is finished and old enough, in outbox and inbox.</summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; the next run goes on where this one stopped.</param>
    public async Task<JobResult> CleanupAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var rows = RunAsync(
            "cleanup-outbox",
            (cursor, pageSize, ct) => outbox.CleanupAsync(options.SentRetention, options.FailedRetention, cursor, pageSize, ct),
            deadline,
            cancellationToken);

        // What stops the one must not let the other grow; it is thrown, the first before the second, when both had their turn.
        await EndAsync(rows);
        var records = RunAsync(
            "cleanup-inbox",
            (cursor, pageSize, ct) => inbox.CleanupAsync(options.ProcessedRetention, options.InboxFailedRetention, cursor, pageSize, ct),
            deadline,
            cancellationToken);
        await EndAsync(records);
        return Sum(await rows, await records);

        static async Task EndAsync(Task job) =>
            await job.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>Ends claims whose lease is over, in outbox and inbox.</summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; the next run goes on where this one stopped.</param>
    public async Task<JobResult> ResetStaleAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var rows = await RunAsync(
            "reset-stale-outbox",
            (cursor, pageSize, ct) => outbox.ResetStaleAsync(options.StaleAfter, cursor, pageSize, ct),
            deadline,
            cancellationToken);
        var records = await RunAsync(
            "reset-stale-inbox",
            (cursor, pageSize, ct) => inbox.ResetStaleAsync(options.StaleAfter, cursor, pageSize, ct),
            deadline,
            cancellationToken);
        return Sum(rows, records);
    }

    /// <summary>Finds rows of the outbox that no index knows and makes them due; counts the rows by status on the way.</summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; the next run goes on where this one stopped.</param>
    public async Task<JobResult> ReconcileAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var result = await RunAsync(
            "reconcile-outbox",
            async (cursor, pageSize, ct) =>
            {
                var page = await outbox.ReconcileAsync(options.ReconcileAfter, cursor, pageSize, ct);
                foreach (var (status, count) in page.Counts)
                {
                    counts[status] = counts.GetValueOrDefault(status) + count;
                }

                return new MaintenancePage(page.Recovered, page.Cursor);
            },
            deadline,
            cancellationToken);
        return result with { Counts = counts };
    }

    private async Task<JobResult> RunAsync(
        string job,
        Func<string?, int, CancellationToken, Task<MaintenancePage>> step,
        WorkDeadline deadline,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deadline);
        if (await jobs.TryAcquireAsync(job, options.JobLease, cancellationToken) is not { } lease)
        {
            Log.JobHeldElsewhere(logger, job);
            return JobResult.HeldElsewhere;
        }

        long affected = 0;
        var pages = 0;
        var cursor = lease.Cursor;
        var complete = false;
        var size = new PageSize(options.PageSize, options.StepTime);
        var savedAt = deadline.Time.GetTimestamp();
        while (!complete && deadline.HasTimeFor(options.MinimumStepTime))
        {
            var start = deadline.Time.GetTimestamp();
            var page = await step(cursor, size.Rows, cancellationToken);
            size.Adapt(deadline.Time.GetElapsedTime(start));
            affected += page.Affected;
            pages++;
            cursor = page.Cursor;
            complete = cursor is null;
            if (complete || deadline.Time.GetElapsedTime(savedAt) < options.SaveEvery)
            {
                continue;
            }

            savedAt = deadline.Time.GetTimestamp();
            if (!await jobs.SaveAsync(lease, cursor, options.JobLease, cancellationToken))
            {
                // Another run has taken over; what this one did holds, and the other goes on.
                Log.JobHeldElsewhere(logger, job);
                return new JobResult(affected, false, JobResult.HeldElsewhere.Counts) { IsHeldElsewhere = true };
            }
        }

        await jobs.SaveAsync(lease, cursor, TimeSpan.Zero, cancellationToken);
        Log.JobEnded(logger, job, affected, pages, complete);
        return new JobResult(affected, complete, JobResult.HeldElsewhere.Counts);
    }

    private static JobResult Sum(JobResult first, JobResult second) =>
        first with
        {
            Affected = first.Affected + second.Affected,
            Complete = first.Complete && second.Complete,
            IsHeldElsewhere = first.IsHeldElsewhere || second.IsHeldElsewhere,
        };
}
