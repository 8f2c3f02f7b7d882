using Relaybox.Maintenance;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>
/// One run of an operation. Before a step it writes down what the step is about, so that the next run after a crash knows what may have been
/// done.
/// </summary>
internal sealed class OperationRun(IOperationWork work, OperationStore operations, JobLease lease, Operation operation, TimeProvider time)
{
    private const int LargestStep = 50;

    // A slow rate makes small steps: an operation is saved, and can be cancelled, between two of them.
    private const int LongestStepSeconds = 10;

    private static readonly TimeSpan MinimumStepTime = TimeSpan.FromSeconds(1);

    // Longer than the brokers keep what was in a dead process's hand.
    private static readonly TimeSpan LongestHeld = TimeSpan.FromMinutes(5);

    private Operation _operation = operation;
    private bool _isHeld = true;
    private bool _hasApplied;
    private bool _waitsForOthers;
    private int _stepSize = 1;

    private int StepLimit => _operation.Rate is { } rate ? (int)Math.Min((long)rate * LongestStepSeconds, LargestStep) : LargestStep;

    private bool GoesOn => _isHeld && !_waitsForOthers && _operation.State == OperationState.Running;

    /// <summary>Runs the operation to its end or the deadline, and gives it up.</summary>
    /// <param name="deadline">When to leave the rest to the next run.</param>
    /// <param name="cancellationToken">Ends this run; the operation can be gone on with.</param>
    internal async Task<Operation> RunAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            if (work.StartsOver && GoesOn)
            {
                _operation = _operation with { Seen = 0, LeftAlone = 0, LeftBecause = null, Cursor = null };
            }

            var applied = await work.RecountAsync(_operation.Step, cancellationToken);
            _operation = _operation with { Applied = _operation.Applied + applied, Step = [.. work.Unresolved] };
            while (GoesOn && deadline.HasTimeFor(MinimumStepTime) && !await EndIfCancelledAsync(cancellationToken))
            {
                await PageAsync(deadline, cancellationToken);
                await SaveAsync(cancellationToken);
            }

            if (GoesOn && work.StartsOver && !_hasApplied && _operation.Seen > 0)
            {
                // The next run would see the same.
                Stop($"None of the {_operation.Seen} that could be looked at in the time was to be changed, and there are more.");
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

    private async Task PageAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var page = await work.ReadAsync(_operation.Cursor, cancellationToken);
        var left = page.Open.ToList();
        while (left.Count > 0)
        {
            await StepAsync([.. left.Take(_stepSize)], isLastOfPage: left.Count <= _stepSize, cancellationToken);
            left.RemoveRange(0, Math.Min(_stepSize, left.Count));
            _stepSize = Math.Min(_stepSize * 10, StepLimit);
            if (!GoesOn || (left.Count > 0 && (!deadline.HasTimeFor(MinimumStepTime) || await EndIfCancelledAsync(cancellationToken))))
            {
                // The next run reads the page again, and does not find again what was changed.
                return;
            }
        }

        _operation = _operation with
        {
            Seen = _operation.Seen + page.Seen,
            Applied = _operation.Applied + page.Recounted,
            LeftAlone = _operation.LeftAlone + page.Changed,
            Cursor = page.Cursor,
            Step = [.. work.Unresolved],
        };
        if (page.StopBecause is { } reason)
        {
            Stop(reason);
        }
        else if (page.IsHeld)
        {
            WaitForOthers();
        }
        else if (page.Cursor is null)
        {
            End(OperationState.Done);
        }
    }

    private async Task StepAsync(List<string> step, bool isLastOfPage, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        _operation = _operation with { Step = [.. work.Unresolved, .. step] };
        await SaveAsync(cancellationToken);
        if (!_isHeld)
        {
            return;
        }

        var done = await work.ApplyAsync(step, cancellationToken);
        _hasApplied |= done.Applied.Count > 0;
        var counted = _operation with
        {
            Applied = _operation.Applied + done.Applied.Count,
            LeftAlone = _operation.LeftAlone + step.Count - done.Applied.Count,
            LeftBecause = Count(_operation.LeftBecause, done.LeftBecause),
            WaitsSince = done.Applied.Count > 0 ? null : _operation.WaitsSince,
            Step = [.. work.Unresolved],
        };
        if (!isLastOfPage)
        {
            _operation = counted;
            await SaveAsync(cancellationToken);
        }

        var reason = await work.WhyToStopAsync(done.Applied, cancellationToken);
        if (reason is null && _operation.Rate is { } rate
            && TimeSpan.FromSeconds((double)step.Count / rate) - time.GetElapsedTime(begun) is { Ticks: > 0 } rest)
        {
            await Task.Delay(rest, time, cancellationToken);
        }

        // The last step counts together with the cursor behind it: work that does not see what it has done would count it twice.
        if (isLastOfPage)
        {
            _operation = counted;
        }

        if (reason is not null)
        {
            Stop(reason);
        }
    }

    // Its holder gives it back, or dies and loses it: the next run looks again.
    private void WaitForOthers()
    {
        var now = time.GetUtcNow();
        _operation = _operation with { WaitsSince = _operation.WaitsSince ?? now };
        _waitsForOthers = true;
        if (now - _operation.WaitsSince > LongestHeld)
        {
            Stop("What is left is in other hands, and has been for minutes: is there a consumer of the dead letters? Begin again when it is gone.");
        }
    }

    private static Dictionary<string, long>? Count(IReadOnlyDictionary<string, long>? counts, IReadOnlyList<string> more)
    {
        var all = new Dictionary<string, long>(counts ?? new Dictionary<string, long>(), StringComparer.Ordinal);
        foreach (var reason in more)
        {
            all[reason] = all.GetValueOrDefault(reason) + 1;
        }

        return all.Count == 0 ? null : all;
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

    private void Stop(string reason)
    {
        End(OperationState.Stopped);
        _operation = _operation with { StoppedBecause = reason };
    }

    private void End(OperationState state) => _operation = _operation with { State = state, EndedAt = time.GetUtcNow() };
}
