using System.Text.Json;
using Amazon.Lambda.Core;
using Relaybox.Events;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.World;

// Operators, two at once, who act on parked and sent rows and on dead letters; their processes die as others do, and the schedule goes on with
// what they have begun.
internal sealed partial class World
{
    private static readonly RowAction[] Actions =
        [RowAction.Redrive, RowAction.Redrive, RowAction.Redrive, RowAction.Shelve, RowAction.Unshelve, RowAction.Skip, RowAction.Purge];

    /// <summary>An action may change what was parked when it was confirmed, and nothing else.</summary>
    internal void RequireConfirmed(TableRow row, RowAction action) => Check(() => Checker.Require(
        Operations.Any(operation => operation.State == OperationState.Running
            && (operation.Action == action || (operation.Action == RowAction.Purge && action == RowAction.Skip))
            && !(row.FailedAt > operation.ConfirmedAt)),
        "S12",
        $"{action} changes '{row.EventId}', parked at {row.FailedAt:HH:mm:ss.fff}, which nobody has confirmed"));

    /// <summary>The broker takes a copy of an event; a replay that has it handled again is that of an operation.</summary>
    internal void Published(OutboxEvent e)
    {
        Checker.Require(
            e.ReplayId.Length == 0 || Operations.Any(operation => operation.Id == e.ReplayId && operation.Action == RowAction.Reprocess),
            "S12",
            $"'{e.EventId}' is replayed as {e.ReplayId}, which is no operation");
        Checker.Published(e);
    }

    /// <summary>Whether every operation has come to its end.</summary>
    internal bool HaveOperationsEnded() => Operations.All(operation => operation.State != OperationState.Running);

    private IEnumerable<Operation> Operations => Jobs
        .Where(job => job.Key.StartsWith("operation/", StringComparison.Ordinal) && job.Value.Cursor is not null)
        .Select(job => JsonSerializer.Deserialize(job.Value.Cursor!, OperationsJsonContext.Default.Operation)!);

    private readonly List<Slot> _operators = [];

    private void BeginOperators()
    {
        foreach (var n in (ReadOnlySpan<int>)[1, 2])
        {
            var slot = new Slot($"operator-{n}");
            _operators.Add(slot);
            Every(Minute, () => Run(slot, 120, OperateAsync));
        }
    }

    private async Task<bool> OperateAsync(Env env, ILambdaContext context)
    {
        var deadline = WorkDeadline.After(context.RemainingTime - TimeSpan.FromSeconds(75), env.Process.Clock);
        await AskAsync(new OperateRequest { Command = OperateCommand.Continue });
        if (Plan(env.Process) is not var (of, action, selection))
        {
            return true;
        }

        var preview = await AskAsync(new OperateRequest { Command = OperateCommand.Preview, Of = of, Selection = selection });
        if (preview.Count > 0)
        {
            var begun = await AskAsync(new OperateRequest
            {
                Command = OperateCommand.Begin,
                Of = of,
                Action = action,
                Selection = selection,
                ConfirmedAt = preview.At,
                Reason = "a simulation",
            });

            // A person thinks, or goes home: the schedule then does the rest.
            await env.Process.SleepAsync(TimeSpan.FromSeconds(10 * env.Process.NextDouble()), CancellationToken.None);
            await AskAsync(new OperateRequest { Command = OperateCommand.Run, OperationId = begun.Operation!.Id });
        }

        return true;

        Task<OperateAnswer> AskAsync(OperateRequest request) => env.Desk!.AnswerAsync(request, deadline, CancellationToken.None);
    }

    // Null: there is nothing to do.
    private (OperationTarget Of, RowAction Action, string Selection)? Plan(SimProcess process)
    {
        if (Faults.IsHealed)
        {
            return IsReviving && Revivable().ToList() is { Count: > 0 } ids
                ? (OperationTarget.DeadLetters, RowAction.Redrive, $"id:{ids[Any(ids.Count)]}")
                : null;
        }

        if (process.NextDouble() < 0.4)
        {
            return (OperationTarget.DeadLetters, RowAction.Redrive, "state:dead");
        }

        return process.NextDouble() < 0.3
            ? (OperationTarget.SentRows, process.NextDouble() < 0.5 ? RowAction.Republish : RowAction.Reprocess, "state:sent")
            : (OperationTarget.Rows, Actions[Any(Actions.Length)], "state:failed shelved:any");

        int Any(int count) => (int)(process.NextDouble() * count);
    }
}
