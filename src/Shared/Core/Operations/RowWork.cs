using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Parked rows as the work of an operation. Every change is conditional on the row's version, so that it is never done twice.</summary>
internal sealed class RowWork(
    IOutboxRepository outbox, IOutboxOperations rows, Operation operation, TimeProvider time, IPurgeAudit? audit = null) : IOperationWork
{
    private readonly SelectedRows _parked = new(outbox, rows);
    private readonly RowSelection _selection = RowSelection.Parse(operation.Selection);
    private readonly RedriveWatch _watch = new(time);
    private Dictionary<string, OutboxRow> _page = [];

    /// <inheritdoc />
    public bool StartsOver => false;

    /// <inheritdoc />
    public IReadOnlyCollection<string> Unresolved => [];

    /// <inheritdoc />
    /// <remarks>Rows of the step that are no longer as they were have been changed by it: nobody else runs this operation.</remarks>
    public async Task<int> RecountAsync(IReadOnlyList<string> step, CancellationToken cancellationToken)
    {
        var applied = 0;
        foreach (var eventId in step)
        {
            applied += await IsChangedAsync(eventId, cancellationToken) ? 1 : 0;
        }

        return applied;
    }

    /// <inheritdoc />
    public async Task<OperationPage> ReadAsync(string? cursor, CancellationToken cancellationToken)
    {
        var (page, seen) = await _parked.ReadAsync(_selection, operation.ConfirmedAt, cursor, cancellationToken);

        // What is as it should be already was done by an earlier run, or by somebody else.
        var open = page.Rows.Where(row => !IsDone(row)).ToList();
        var confirmed = open.FindAll(IsConfirmed);
        _page = confirmed.ToDictionary(row => row.Event.EventId, StringComparer.Ordinal);
        return new OperationPage(confirmed.ConvertAll(row => row.Event.EventId), seen, open.Count - confirmed.Count, page.Cursor);
    }

    /// <inheritdoc />
    public async Task<OperationStep> ApplyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var step = ids.Select(id => _page[id]).ToList();
        if (operation.Action == RowAction.Purge)
        {
            audit?.Purging(operation, ids);

            // The later rows of their keys must not wait for rows that are gone.
            await rows.ApplyAsync(
                RowAction.Skip, [.. step.Where(row => row.Event.OrderingKey is not null).Select(RowVersion.Of)], cancellationToken);
        }

        var outcome = await rows.ApplyAsync(operation.Action, [.. step.Select(RowVersion.Of)], cancellationToken);
        var applied = outcome.Applied.ToList();
        foreach (var eventId in outcome.Unclear)
        {
            if (await IsChangedAsync(eventId, cancellationToken))
            {
                applied.Add(eventId);
            }
        }

        return new OperationStep(applied, []);
    }

    /// <inheritdoc />
    public async Task<string?> WhyToStopAsync(IReadOnlyCollection<string> applied, CancellationToken cancellationToken) =>
        operation.Action == RowAction.Redrive ? await _watch.WhyToStopAsync("rows", applied, FateOfAsync, cancellationToken) : null;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<RedriveFate> FateOfAsync(string eventId, CancellationToken cancellationToken) =>
        await outbox.FindAsync(eventId, cancellationToken) switch
        {
            null or { Status: OutboxStatus.Sent } => RedriveFate.Succeeded,
            { Status: OutboxStatus.Failed } row when row.FailedAt > operation.ConfirmedAt => RedriveFate.FailedWith(row.ErrorCode),
            _ => RedriveFate.Open,
        };

    private async Task<bool> IsChangedAsync(string eventId, CancellationToken cancellationToken) =>
        await outbox.FindAsync(eventId, cancellationToken) is not { } row || !IsConfirmed(row) || IsDone(row);

    private bool IsConfirmed(OutboxRow row) =>
        row.Status == OutboxStatus.Failed && !(row.FailedAt > operation.ConfirmedAt) && !(row.ShelvedAt > operation.ConfirmedAt);

    private bool IsDone(OutboxRow row) => operation.Action switch
    {
        RowAction.Skip => row.SkippedAt is not null,
        RowAction.Shelve => row.ShelvedAt is not null,
        RowAction.Unshelve => row.ShelvedAt is null,
        _ => false,
    };
}
