using Relaybox.Maintenance;
using Relaybox.Timing;

namespace Relaybox.Simulation.Model;

/// <summary>The model of a job store.</summary>
internal sealed class ModelJobs(Dictionary<string, JobState> jobs, IServer server, IEntropy entropy) : IJobStore
{
    public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = entropy.NewGuid().ToString("N");
        return server.CallAsync($"jobs.acquire {job}", () => Acquire(job, lease, token), cancellationToken);
    }

    public Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken) =>
        server.CallAsync(
            $"jobs.save {lease.Job}",
            () =>
            {
                if (!jobs.TryGetValue(lease.Job, out var state) || state.Token != lease.Token)
                {
                    return false;
                }

                jobs[lease.Job] = state with { Cursor = cursor, Until = server.Now + duration };
                return true;
            },
            cancellationToken);

    public Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken) =>
        server.CallAsync(
            $"jobs.delete {lease.Job}",
            () => jobs.TryGetValue(lease.Job, out var state) && state.Token == lease.Token && jobs.Remove(lease.Job),
            cancellationToken);

    public Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) =>
        server.CallAsync(
            $"jobs.find {job}", () => jobs.TryGetValue(job, out var state) ? new JobRecord(job, state.Cursor) : null, cancellationToken);

    public Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        server.CallAsync<IReadOnlyList<JobRecord>>(
            $"jobs.list {prefix}",
            () =>
            [
                .. jobs.Where(job => job.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(job => new JobRecord(job.Key, job.Value.Cursor)),
            ],
            cancellationToken);

    private JobLease? Acquire(string job, TimeSpan lease, string token)
    {
        var state = jobs.GetValueOrDefault(job);
        if (state is not null && state.Until > server.Now)
        {
            return null;
        }

        jobs[job] = new JobState(token, state?.Cursor, server.Now + lease);
        return new JobLease(job, token, state?.Cursor);
    }
}
