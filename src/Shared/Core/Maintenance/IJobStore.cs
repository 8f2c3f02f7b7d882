namespace Relaybox.Maintenance;

/// <summary>Keeps one job from running twice at once, and remembers where it stopped.</summary>
internal interface IJobStore
{
    /// <summary>Takes a job, unless somebody holds it.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="lease">How long the job is held without a sign of life.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The right to run it, or null where somebody else has it.</returns>
    Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Remembers how far a job has come and holds it for another lease.</summary>
    /// <param name="lease">The right to run it.</param>
    /// <param name="cursor">Where to go on; null: from the beginning.</param>
    /// <param name="duration">How long the job is held from now; zero gives it up.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the job was still held.</returns>
    Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives up a job and forgets it, with its cursor.</summary>
    /// <param name="lease">The right to run it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the job was still held.</returns>
    Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken);

    /// <summary>Reads one job without taking it, held or not.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The job, or null.</returns>
    Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken);

    /// <summary>Reads jobs without taking them, held or not, in no particular order.</summary>
    /// <param name="prefix">What their names begin with: letters, digits, <c>-</c> and <c>/</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken);
}
