using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>Answers what operators ask for. Every way to it has the same rules and leaves the same trail.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="operations">Where operations are kept.</param>
/// <param name="pauses">Where pauses are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of ids.</param>
/// <param name="deadLetters">The dead letters; null where nothing names them.</param>
/// <param name="replays">What replays need; null where nothing names the broker.</param>
/// <param name="trail">What consumers did with what was sent; null: this process does not know the consumers.</param>
/// <param name="doctor">The doctor, which makes clients only when it is asked; null: this process has no doctor.</param>
/// <param name="maintenance">For how long operations are kept that have ended; null: as long as by default.</param>
/// <param name="audit">Where purged rows are written down; null: nowhere.</param>
internal sealed class OperatorDesk(
    IOutboxRepository outbox,
    IOutboxOperations rows,
    OperationStore operations,
    PauseStore pauses,
    TimeProvider time,
    IEntropy entropy,
    DeadLetterDesk? deadLetters = null,
    ReplayDesk? replays = null,
    InboxTrail? trail = null,
    Lazy<Doctor>? doctor = null,
    MaintenanceOptions? maintenance = null,
    IPurgeAudit? audit = null)
{
    /// <summary>What operators are told between a deployment and its Setup.</summary>
    internal const string SetupMissing =
        "The store has none of Relaybox's tables yet. Invoke the Setup function: relaybox has nothing to show before.";

    // What was done is in the log of the function Operate, too.
    private readonly TimeSpan _operationRetention = (maintenance ?? new MaintenanceOptions()).OperationRetention;
    private readonly SelectedRows _selected = new(outbox, rows);
    private readonly RowOperations _actions = new(outbox, rows, operations, time, entropy, deadLetters, replays, audit);
    private readonly RowExplanation _explanation = new(outbox, rows, time, trail);

    /// <summary>Answers one request.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="deadline">When to have answered; an operation that is run goes on with the next request.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<OperateAnswer> AnswerAsync(OperateRequest request, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            return request.Command switch
            {
                OperateCommand.Status => await StatusAsync(cancellationToken),
                OperateCommand.List when request.Of == OperationTarget.DeadLetters =>
                    await DeadLetters.ListAsync(request.Selection, request.Cursor, request.Limit, deadline, cancellationToken),
                OperateCommand.List => await ListAsync(request, cancellationToken),
                OperateCommand.Show => await outbox.FindAsync(Require(request.EventId, "an event id"), cancellationToken) is { } row
                    ? new OperateAnswer { Row = RowView.Of(row, request.WithPayload) }
                    : new OperateAnswer { Problem = "The outbox has no row of this id: it was never committed, or it was sent and deleted since." },
                OperateCommand.Why => new OperateAnswer
                {
                    Why = await _explanation.ExplainAsync(Require(request.EventId, "an event id"), cancellationToken),
                },
                OperateCommand.Preview when request.Of == OperationTarget.DeadLetters =>
                    await DeadLetters.PreviewAsync(request.Selection, deadline, cancellationToken),
                OperateCommand.Preview => await PreviewAsync(request, deadline, cancellationToken),
                OperateCommand.Begin => await BeginAsync(request, cancellationToken),
                OperateCommand.Run => await RunAsync(Require(request.OperationId, "an operation"), deadline, cancellationToken),
                OperateCommand.Cancel => await CancelAsync(Require(request.OperationId, "an operation"), cancellationToken),
                OperateCommand.Operations => new OperateAnswer { Operations = await operations.ListAsync(cancellationToken) },
                OperateCommand.Pause => await PauseAsync(request, cancellationToken),
                OperateCommand.Resume => await ResumeAsync(RequirePart(request), cancellationToken),
                OperateCommand.Continue => await ContinueAsync(deadline, cancellationToken),
                OperateCommand.Doctor when doctor is not null => new OperateAnswer
                {
                    Findings = await doctor.Value.ExamineAsync(cancellationToken), Pauses = await FindPausesAsync(cancellationToken),
                },
                _ => new OperateAnswer { Problem = "This version does not know the command." },
            };
        }
        catch (RequestException e)
        {
            return new OperateAnswer { Problem = e.Message };
        }
    }

    private DeadLetterDesk DeadLetters => deadLetters ?? throw new RequestException(DeadLetterDesk.Missing);

    private async Task<OperateAnswer> StatusAsync(CancellationToken cancellationToken)
    {
        var (letters, problem) = deadLetters is null ? (null, null) : await deadLetters.TryCountAsync(cancellationToken);
        return new OperateAnswer
        {
            Counts = await outbox.GetCountByStatusAsync(cancellationToken),
            OldestDueSeconds = (await outbox.OldestDueAgeAsync(cancellationToken)).TotalSeconds,
            DeadLetterCount = letters,
            DeadLetterProblem = problem,
            Pauses = await pauses.ListAsync(cancellationToken),
            BlockedKeys = outbox.KeepsOrder ? await CountBlockedKeysAsync(cancellationToken) : null,
            Operations = await ListRunningAsync(cancellationToken),
        };
    }

    private async Task<OperateAnswer> ListAsync(OperateRequest request, CancellationToken cancellationToken)
    {
        var (page, seen) = await _selected.ReadAsync(RowSelection.Parse(request.Selection, request.Of), null, request.Cursor, cancellationToken);
        return new OperateAnswer { Rows = [.. page.Rows.Select(row => RowView.Of(row))], Cursor = page.Cursor, Seen = seen };
    }

    private async Task<OperateAnswer> PreviewAsync(OperateRequest request, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var preview = await _selected.PreviewAsync(RowSelection.Parse(request.Selection, request.Of), deadline, cancellationToken);
        return new OperateAnswer
        {
            Count = preview.Count,
            Seen = preview.Seen,
            IsWhole = preview.IsWhole,
            Oldest = preview.Oldest,
            Newest = preview.Newest,
            Rows = [.. preview.Samples.Select(row => RowView.Of(row))],
            Errors = preview.Errors,
            At = preview.At,
        };
    }

    private async Task<OperateAnswer> BeginAsync(OperateRequest request, CancellationToken cancellationToken) =>
        request is { Action: { } action, ConfirmedAt: { } confirmedAt }
            ? new OperateAnswer
            {
                Operation = await _actions.BeginAsync(
                    action, RowSelection.Parse(request.Selection, request.Of), confirmedAt, request.Reason, request.Caller ?? "unknown",
                    request.Rate, cancellationToken, request.DeleteDuplicates),
            }
            : throw new RequestException("An action needs its name and the time of the preview that was confirmed.");

    private async Task<OperateAnswer> RunAsync(string id, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        // Null: another run has it. How it stands is the answer all the same.
        var operation = await _actions.RunAsync(id, deadline, cancellationToken)
            ?? await operations.FindAsync(id, cancellationToken);
        return operation is null ? Unknown(id) : new OperateAnswer { Operation = operation };
    }

    // At once, so that one that takes hours does not keep the others waiting. What is about dead letters that this process cannot reach waits
    // for one that can.
    private async Task<OperateAnswer> ContinueAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var all = await operations.ListAsync(cancellationToken);
        foreach (var old in all.Where(operation => operation.EndedAt < time.GetUtcNow() - _operationRetention))
        {
            await operations.ForgetAsync(old, cancellationToken);
        }

        return new OperateAnswer
        {
            Pauses = await pauses.ListAsync(cancellationToken),
            BlockedKeys = outbox.KeepsOrder ? await CountBlockedKeysAsync(cancellationToken) : null,
            Operations = await Task.WhenAll(Running(all).Select(
                async operation => _actions.Reaches(operation)
                    ? await _actions.RunAsync(operation, deadline, cancellationToken) ?? operation
                    : operation)),
        };
    }

    // One page, so that what is asked once a minute costs the same however many rows are parked.
    private async Task<int> CountBlockedKeysAsync(CancellationToken cancellationToken)
    {
        var page = await rows.ReadAsync(OutboxStatus.Failed, null, null, SelectedRows.PageSize, cancellationToken);
        return page.CountBlockedKeys();
    }

    // Null: nobody can say. The doctor's findings say why.
    private async Task<IReadOnlyList<Pause>?> FindPausesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await pauses.ListAsync(cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<OperateAnswer> PauseAsync(OperateRequest request, CancellationToken cancellationToken)
    {
        var pause = new Pause(
            RequirePart(request), time.GetUtcNow(), request.Caller ?? "unknown", Require(request.Reason?.Trim(), "a reason"));
        return await pauses.BeginAsync(pause, cancellationToken) is not null
            ? new OperateAnswer { Pauses = await pauses.ListAsync(cancellationToken) }
            : Busy(pause.Part);
    }

    private async Task<OperateAnswer> ResumeAsync(PausablePart part, CancellationToken cancellationToken) =>
        await pauses.EndAsync(part, cancellationToken)
            ? new OperateAnswer { Pauses = await pauses.ListAsync(cancellationToken) }
            : Busy(part);

    private static OperateAnswer Busy(PausablePart part) =>
        new() { Problem = $"Somebody else is pausing or resuming the {part.ToString().ToLowerInvariant()} just now. Try again in a moment." };

    private static PausablePart RequirePart(OperateRequest request) =>
        request.Part ?? throw new RequestException("The command needs a part: relay or consumer.");

    private async Task<IReadOnlyList<Operation>> ListRunningAsync(CancellationToken cancellationToken) =>
        [.. Running(await operations.ListAsync(cancellationToken))];

    private static IEnumerable<Operation> Running(IReadOnlyList<Operation> all) =>
        all.Where(operation => operation.State == OperationState.Running);

    private async Task<OperateAnswer> CancelAsync(string id, CancellationToken cancellationToken)
    {
        if (await operations.FindAsync(id, cancellationToken) is not { } operation)
        {
            return Unknown(id);
        }

        if (operation.State != OperationState.Running)
        {
            return new OperateAnswer { Problem = $"The operation has ended: {operation.State.ToString().ToLowerInvariant()}." };
        }

        await operations.RequestCancelAsync(id, cancellationToken);
        return new OperateAnswer { Operation = operation };
    }

    private static OperateAnswer Unknown(string id) =>
        new() { Problem = $"There is no operation {id}. `relaybox operations` lists those that there are." };

    private static string Require(string? value, string what) =>
        string.IsNullOrEmpty(value) ? throw new RequestException($"The command needs {what}.") : value;
}
