using System.Text.Json;
using Relaybox.Maintenance;

namespace Relaybox.Operations;

/// <summary>
/// Operations, kept as jobs whose cursor is the operation itself: the lease keeps two from running one operation at once, and the record
/// that stays is the audit.
/// </summary>
/// <param name="jobs">Where they are kept.</param>
internal sealed class OperationStore(IJobStore jobs)
{
    private const string Prefix = "operation/";
    private const string CancelPrefix = "cancel/";

    // Whoever holds an operation says so at least after every step.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>Writes an operation that nobody runs yet.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Ends the wait; it may have been written.</param>
    public async Task CreateAsync(Operation operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var lease = await jobs.TryAcquireAsync(Prefix + operation.Id, Lease, cancellationToken)
            ?? throw Conflict(operation);
        if (lease.Cursor is not null)
        {
            throw Conflict(operation);
        }

        await jobs.SaveAsync(lease, Write(operation), TimeSpan.Zero, cancellationToken);
    }

    /// <summary>All operations, the newest first.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<Operation>> ListAsync(CancellationToken cancellationToken) =>
    [
        .. (await jobs.ListAsync(Prefix, cancellationToken)).Select(job => Read(job.Cursor)).OfType<Operation>()
            .OrderByDescending(operation => operation.Id, StringComparer.Ordinal),
    ];

    /// <summary>Finds an operation; null where there is none of this id.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Operation?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(operation => operation.Id == id);

    /// <summary>Takes an operation to run it; null where somebody else runs it, and where there is none of this id.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait; what was taken comes back when its lease ends.</param>
    internal async Task<(JobLease Lease, Operation Operation)?> TryTakeAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is null || await jobs.TryAcquireAsync(Prefix + id, Lease, cancellationToken) is not { } lease)
        {
            return null;
        }

        return Read(lease.Cursor) is { } operation ? (lease, operation) : null;
    }

    /// <summary>Remembers how far an operation has come; whoever holds it goes on holding it.</summary>
    /// <returns>Whether it was still held.</returns>
    internal Task<bool> SaveAsync(JobLease lease, Operation operation, CancellationToken cancellationToken) =>
        jobs.SaveAsync(lease, Write(operation), Lease, cancellationToken);

    /// <summary>Gives up an operation, for the next one who goes on with it.</summary>
    internal Task ReleaseAsync(JobLease lease, Operation operation, CancellationToken cancellationToken) =>
        jobs.SaveAsync(lease, Write(operation), TimeSpan.Zero, cancellationToken);

    /// <summary>Asks whoever runs an operation to end it after the step at hand.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait; it may have been asked.</param>
    public async Task RequestCancelAsync(string id, CancellationToken cancellationToken)
    {
        if (await jobs.TryAcquireAsync(CancelPrefix + id, Lease, cancellationToken) is { } lease)
        {
            await jobs.SaveAsync(lease, null, TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>Whether somebody has asked for the end of an operation.</summary>
    internal async Task<bool> IsCancelRequestedAsync(string id, CancellationToken cancellationToken) =>
        (await jobs.ListAsync(CancelPrefix + id, cancellationToken)).Count > 0;

    private static InvalidOperationException Conflict(Operation operation) => new($"The operation {operation.Id} is there already. Begin it again.");

    private static string Write(Operation operation) => JsonSerializer.Serialize(operation, OperationsJsonContext.Default.Operation);

    // What was created and never written has no text: its author died in between, and nothing was done.
    private static Operation? Read(string? text) =>
        text is null ? null : JsonSerializer.Deserialize(text, OperationsJsonContext.Default.Operation);
}
