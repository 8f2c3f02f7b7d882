using System.Globalization;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>
/// Actions on parked rows, sent rows and dead letters: each is confirmed for what was seen, runs as an operation with an id, and can be
/// cancelled and gone on with.
/// </summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="operations">Where operations are kept.</param>
/// <param name="time">The clock of ids, waits and deadlines.</param>
/// <param name="entropy">The source of ids.</param>
/// <param name="deadLetters">The dead letters; null where nothing names them.</param>
/// <param name="replays">What replays need; null where nothing names the broker.</param>
/// <param name="audit">Where purged rows are written down; null: nowhere.</param>
internal sealed class RowOperations(
    IOutboxRepository outbox,
    IOutboxOperations rows,
    OperationStore operations,
    TimeProvider time,
    IEntropy entropy,
    DeadLetterDesk? deadLetters = null,
    ReplayDesk? replays = null,
    IPurgeAudit? audit = null)
{
    /// <summary>Writes down a confirmed action. Nothing is done before somebody runs it.</summary>
    /// <param name="action">What is done.</param>
    /// <param name="selection">Which rows or dead letters.</param>
    /// <param name="confirmedAt">The time of the preview that was confirmed.</param>
    /// <param name="reason">Why, in the operator's words.</param>
    /// <param name="caller">Who, as the caller names itself.</param>
    /// <param name="rate">The most rows in a second; null: as many as the store takes.</param>
    /// <param name="cancellationToken">Ends the wait; the operation may have been written.</param>
    /// <param name="deletesDuplicates">Whether a dead letter that the broker calls a duplicate is deleted.</param>
    /// <exception cref="RequestException">The reason is missing, the rate is no rate, or the action is none for what is selected.</exception>
    public async Task<Operation> BeginAsync(
        RowAction action,
        RowSelection selection,
        DateTimeOffset confirmedAt,
        string? reason,
        string caller,
        int? rate,
        CancellationToken cancellationToken,
        bool deletesDuplicates = false)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new RequestException("An action needs a reason, for those who read the audit later.");
        }

        if (rate < 1)
        {
            throw new RequestException("The rate must be at least 1 row in a second.");
        }

        if (selection.Of == OperationTarget.DeadLetters && action != RowAction.Redrive)
        {
            throw new RequestException("Dead letters can be redriven, and nothing else. What nobody needs leaves with the retention of its queue.");
        }

        if (selection.Of == OperationTarget.PendingRows)
        {
            throw new RequestException(
                "Pending rows are the relay's: it sends them when they are due. relaybox why EVENT_ID says what one waits for.");
        }

        if ((action is RowAction.Republish or RowAction.Reprocess) != (selection.Of == OperationTarget.SentRows))
        {
            throw new RequestException("Sent rows can be republished or reprocessed, and parked rows cannot.");
        }

        var operation = new Operation
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd-HHmmss}-{entropy.NewGuid().ToString("N")[^6..]}"),
            Of = selection.Of,
            Action = action,
            Selection = selection.Text,
            Reason = reason,
            Caller = caller,
            ConfirmedAt = confirmedAt,
            Rate = rate,
            DeletesDuplicates = deletesDuplicates,
        };
        await operations.CreateAsync(operation, cancellationToken);
        return operation;
    }

    /// <summary>Whether this process reaches what an operation is about.</summary>
    public bool Reaches(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return WhyOutOfReach(operation) is null;
    }

    /// <summary>Runs an operation, from where it stands, to its end or a deadline.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="deadline">When to leave the rest to the next run.</param>
    /// <param name="cancellationToken">Ends this run after the step at hand; the operation can be gone on with.</param>
    /// <returns>How it stands; null where no operation has this id, or another run has it.</returns>
    /// <exception cref="RequestException">This process does not reach what it is about.</exception>
    public async Task<Operation?> RunAsync(string id, WorkDeadline deadline, CancellationToken cancellationToken) =>
        await operations.FindAsync(id, cancellationToken) is { } known ? await RunAsync(known, deadline, cancellationToken) : null;

    /// <inheritdoc cref="RunAsync(string, WorkDeadline, CancellationToken)"/>
    /// <param name="known">The operation, as it was read.</param>
    /// <param name="deadline">When to leave the rest to the next run.</param>
    /// <param name="cancellationToken">Ends this run after the step at hand; the operation can be gone on with.</param>
    public async Task<Operation?> RunAsync(Operation known, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        if (WhyOutOfReach(known) is { } reason)
        {
            throw new RequestException(reason);
        }

        if (await operations.TryTakeAsync(known, cancellationToken) is not { } taken)
        {
            return null;
        }

        await using IOperationWork work = taken.Operation.Of switch
        {
            OperationTarget.DeadLetters => deadLetters!.CreateWork(taken.Operation),
            OperationTarget.SentRows => replays!.CreateWork(taken.Operation),
            _ => new RowWork(outbox, rows, taken.Operation, time, audit),
        };
        return await new OperationRun(work, operations, taken.Lease, taken.Operation, time).RunAsync(deadline, cancellationToken);
    }

    private string? WhyOutOfReach(Operation operation) => operation.Of switch
    {
        OperationTarget.DeadLetters when deadLetters is null => DeadLetterDesk.Missing,
        OperationTarget.SentRows when replays is null => ReplayDesk.Missing,
        _ => null,
    };
}
