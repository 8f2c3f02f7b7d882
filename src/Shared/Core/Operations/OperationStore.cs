using System.Text.Json;
using Relaybox.Maintenance;

namespace Relaybox.Operations;

/// <summary>
/// Operations, kept as jobs whose cursor is the operation itself: the lease keeps two runs from one operation, and the record that stays is
/// the audit.
/// </summary>
/// <param name="jobs">Where they are kept.</param>
internal sealed class OperationStore(IJobStore jobs)
{
    private const string Prefix = "operation/";
    private const string CancelPrefix = "cancel/";

    // A run saves its operation after every step, which takes seconds. After a crash the next run waits for the end of the lease.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    /// <summary>Writes an operation that nobody runs yet.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Ends the wait; it may have been written.</param>
    /// <exception cref="InvalidOperationException">Its id is taken.</exception>
    public async Task CreateAsync(Operation operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (await jobs.TryAcquireAsync(Prefix + operation.Id, Lease, cancellationToken) is not { Cursor: null } lease)
        {
            throw new InvalidOperationException($"The operation {operation.Id} is there already. Begin it again.");
        }

        await jobs.SaveAsync(lease, Write(operation), TimeSpan.Zero, cancellationToken);
    }

    /// <summary>Reads all operations, the newest first.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<Operation>> ListAsync(CancellationToken cancellationToken) =>
    [
        .. (await jobs.ListAsync(Prefix, cancellationToken)).Select(job => Read(job.Cursor)).OfType<Operation>()
            .OrderByDescending(operation => operation.Id, StringComparer.Ordinal),
    ];

    /// <summary>Finds an operation.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The operation, or null.</returns>
    public async Task<Operation?> FindAsync(string id, CancellationToken cancellationToken) =>
        Read((await jobs.FindAsync(Prefix + id, cancellationToken))?.Cursor);

    /// <summary>Asks for the end of an operation after the step at hand.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait; it may have been asked.</param>
    public async Task RequestCancelAsync(string id, CancellationToken cancellationToken)
    {
        if (await jobs.TryAcquireAsync(CancelPrefix + id, Lease, cancellationToken) is { } lease)
        {
            await jobs.SaveAsync(lease, null, TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>Takes an operation, to run it.</summary>
    /// <param name="known">The operation, as it was read: to take what is not there would create it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The right to run it, and how it stands now; null where another run has it.</returns>
    internal async Task<(JobLease Lease, Operation Operation)?> TryTakeAsync(Operation known, CancellationToken cancellationToken) =>
        await jobs.TryAcquireAsync(Prefix + known.Id, Lease, cancellationToken) is { } lease
        && Read(lease.Cursor) is { } operation
            ? (lease, operation)
            : null;

    /// <summary>Remembers how far a run has come, and holds the operation for another lease.</summary>
    /// <returns>Whether the operation was still held.</returns>
    internal Task<bool> SaveAsync(JobLease lease, Operation operation, CancellationToken cancellationToken) =>
        jobs.SaveAsync(lease, Write(operation), Lease, cancellationToken);

    /// <summary>Gives up an operation, for the next run. Where another run has taken it over, nothing changes.</summary>
    internal Task ReleaseAsync(JobLease lease, Operation operation, CancellationToken cancellationToken) =>
        jobs.SaveAsync(lease, Write(operation), TimeSpan.Zero, cancellationToken);

    /// <summary>Whether somebody has asked for the end of an operation.</summary>
    internal async Task<bool> IsCancelRequestedAsync(string id, CancellationToken cancellationToken) =>
        await jobs.FindAsync(CancelPrefix + id, cancellationToken) is not null;

    /// <summary>Forgets that somebody has asked for the end of an operation that has ended.</summary>
    internal async Task ForgetCancelAsync(string id, CancellationToken cancellationToken)
    {
        if (await jobs.TryAcquireAsync(CancelPrefix + id, Lease, cancellationToken) is { } lease)
        {
            await jobs.DeleteAsync(lease, cancellationToken);
        }
    }

    /// <summary>Forgets an operation, unless somebody runs it.</summary>
    internal async Task ForgetAsync(Operation known, CancellationToken cancellationToken)
    {
        if (await TryTakeAsync(known, cancellationToken) is { } taken)
        {
            await jobs.DeleteAsync(taken.Lease, cancellationToken);
        }
    }

    private static string Write(Operation operation) => JsonSerializer.Serialize(operation, OperationsJsonContext.Default.Operation);

    // What was created and never written has no text: its author died in between, and nothing was done.
    private static Operation? Read(string? text) =>
        text is null ? null : JsonSerializer.Deserialize(text, OperationsJsonContext.Default.Operation);
}
