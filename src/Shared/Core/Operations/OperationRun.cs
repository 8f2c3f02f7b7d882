using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>
/// One run of an operation. Before a step it writes down which rows the step is about, so that the next run after a crash knows what was
/// done. Every change is conditional on the row's version, so that it is never done twice.
/// </summary>
internal sealed class OperationRun(
    IOutboxRepository outbox, IOutboxOperations rows, OperationStore operations, JobLease lease, Operation operation, TimeProvider time)
{
    private const int LargestStep = 50;

    private static readonly TimeSpan MinimumStepTime = TimeSpan.FromSeconds(1);

    private readonly ParkedRows _parked = new(outbox, rows);
    private readonly RowSelection _selection = RowSelection.Parse(operation.Selection);
    private readonly RedriveWatch _watch = new(outbox, time);
    private Operation _operation = operation;
    private bool _isHeld = true;
    private int _stepSize = 1;

    private bool GoesOn => _isHeld && _operation.State == OperationState.Running;

    /// <summary>Runs the operation to its end or the deadline, and gives it up.</summary>
    /// <param name="deadline">When to leave the rest to the next run.</param>
    /// <param name="cancellationToken">Ends this run; the operation can be gone on with.</param>
    internal async Task<Operation> RunAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            await RecountAsync(cancellationToken);
            while (GoesOn && deadline.HasTimeFor(MinimumStepTime) && !await EndIfCancelledAsync(cancellationToken))
            {
                await PageAsync(deadline, cancellationToken);
                await SaveAsync(cancellationToken);
            }

            if (_operation.State == OperationState.Cancelled)
            {
                await operations.ForgetCancelAsync(_operation.Id, cancellationToken);
            }
        }
        finally
        {
            // A run that is cancelled gives up what it holds, too.
            await operations.ReleaseAsync(lease, _operation, CancellationToken.None);
        }

        return _operation;
    }

    // Of the rows of a step whose end was not written down, those that are no longer as they were have been changed by it: nobody else
    // runs this operation.
    private async Task RecountAsync(CancellationToken cancellationToken)
    {
        var applied = 0;
        foreach (var eventId in _operation.Step)
        {
            var row = await outbox.FindAsync(eventId, cancellationToken);
            applied += row is null || !IsConfirmed(row) || IsDone(row) ? 1 : 0;
        }

        _operation = _operation with { Applied = _operation.Applied + applied, Step = [] };
    }

    private async Task PageAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var (page, seen) = await _parked.ReadAsync(_selection, _operation.Cursor, cancellationToken);

        // What is as it should be already was done by an earlier run, or by somebody else.
        var open = page.Rows.Where(row => !IsDone(row)).ToList();
        var left = open.FindAll(IsConfirmed);
        var changed = open.Count - left.Count;
        while (left.Count > 0)
        {
            await StepAsync([.. left.Take(_stepSize)], cancellationToken);
            left.RemoveRange(0, Math.Min(_stepSize, left.Count));
            _stepSize = Math.Min(_stepSize * 10, LargestStep);
            if (!GoesOn || (left.Count > 0 && (!deadline.HasTimeFor(MinimumStepTime) || await EndIfCancelledAsync(cancellationToken))))
            {
                // The next run reads the page again, and does not find again what was changed.
                return;
            }
        }

        _operation = _operation with { Seen = _operation.Seen + seen, LeftAlone = _operation.LeftAlone + changed, Cursor = page.Cursor };
        if (page.Cursor is null)
        {
            End(OperationState.Done);
        }
    }

    private async Task StepAsync(List<OutboxRow> step, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        _operation = _operation with { Step = [.. step.Select(row => row.Event.EventId)] };
        await SaveAsync(cancellationToken);
        if (!_isHeld)
        {
            return;
        }

        var applied = await ApplyAsync(step, cancellationToken);
        _operation = _operation with
        {
            Applied = _operation.Applied + applied.Count, LeftAlone = _operation.LeftAlone + step.Count - applied.Count, Step = [],
        };
        await SaveAsync(cancellationToken);
        if (_operation.Action == RowAction.Redrive && await _watch.WhyToStopAsync(applied, _operation.ConfirmedAt, cancellationToken) is { } reason)
        {
            End(OperationState.Stopped);
            _operation = _operation with { StoppedBecause = reason };
        }
        else if (_operation.Rate is { } rate && TimeSpan.FromSeconds((double)step.Count / rate) - time.GetElapsedTime(begun) is { Ticks: > 0 } rest)
        {
            await Task.Delay(rest, time, cancellationToken);
        }
    }

    private async Task<IReadOnlyCollection<string>> ApplyAsync(List<OutboxRow> step, CancellationToken cancellationToken)
    {
        if (_operation.Action == RowAction.Purge)
        {
            // The later rows of their keys must not wait for rows that are gone.
            await rows.ApplyAsync(
                RowAction.Skip, [.. step.Where(row => row.Event.OrderingKey is not null).Select(RowVersion.Of)], cancellationToken);
        }

        return await rows.ApplyAsync(_operation.Action, [.. step.Select(RowVersion.Of)], cancellationToken);
    }

    private async Task SaveAsync(CancellationToken cancellationToken) =>
        _isHeld = await operations.SaveAsync(lease, _operation, cancellationToken);

    private async Task<bool> EndIfCancelledAsync(CancellationToken cancellationToken)
    {
        if (!await operations.IsCancelRequestedAsync(_operation.Id, cancellationToken))
        {
            return false;
        }

        End(OperationState.Cancelled);
        return true;
    }

    private void End(OperationState state) => _operation = _operation with { State = state, EndedAt = time.GetUtcNow() };

    private bool IsConfirmed(OutboxRow row) =>
        row.Status == OutboxStatus.Failed && !(row.FailedAt > _operation.ConfirmedAt) && !(row.ShelvedAt > _operation.ConfirmedAt);

    private bool IsDone(OutboxRow row) => _operation.Action switch
    {
        RowAction.Skip => row.SkippedAt is not null,
        RowAction.Shelve => row.ShelvedAt is not null,
        RowAction.Unshelve => row.ShelvedAt is null,
        _ => false,
    };
}
