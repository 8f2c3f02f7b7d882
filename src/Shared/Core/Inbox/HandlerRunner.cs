using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Inbox;

/// <summary>Runs one handler for one message, under a claim, and records how it ended.</summary>
internal sealed class HandlerRunner(
    IInboxRepository repository, ConsumerOptions options, TimeProvider time, IEntropy entropy, ILogger logger)
{
    // A further attempt would write again what is committed.
    private const string TransactionEnded =
        "The handler has ended the transaction that it was given, by a commit, a rollback or a disposal. What it committed itself is written, "
        + "without the message's mark: see what that is before you replay the message.";

    // As many as some invocations have under way; beyond that the oldest are forgotten.
    private const int MostUntold = 1_000;

    private static readonly TimeSpan LongestVisibility = TimeSpan.FromHours(12);

    private readonly Backoff _backoff = new(options.FirstRetryDelay, options.LongestRetryDelay, entropy);
    private readonly ConcurrentQueue<Ending> _untold = new();

    /// <summary>
    /// Tells the store how earlier attempts ended that it did not learn of, because it was away: otherwise they would look like attempts that
    /// ended their process. To be called before messages are claimed.
    /// </summary>
    internal async Task TellEndingsAsync(CancellationToken cancellationToken)
    {
        for (var left = _untold.Count; left > 0 && _untold.TryDequeue(out var ending); left--)
        {
            if (await TryEndAsync(ending, cancellationToken) is null)
            {
                // It is still away.
                return;
            }
        }
    }

    internal async Task<MessageOutcome> RunAsync(
        HandlerRegistration registration,
        InboxMessage message,
        InboxClaim? claim,
        long claimedAt,
        WorkDeadline deadline,
        MarkGroup marks,
        CancellationToken cancellationToken)
    {
        switch (claim)
        {
            case InboxClaim.Claimed claimed:
                return await HandleAsync(registration, message, claimed, claimedAt, deadline, marks, cancellationToken);
            case InboxClaim.AlreadyProcessed:
                Log.DuplicateSuppressed(logger, message.Event.EventId, registration.Consumer);
                return new MessageOutcome.Duplicate();
            case InboxClaim.InProgress inProgress:
                return new MessageOutcome.Retry(UntilFree(inProgress.Until), ErrorCodes.InProgressElsewhere);
            case InboxClaim.Exhausted { Unfinished: >= InboxClaim.MaxUnfinished } unfinished:
                return new MessageOutcome.DeadLetter(
                    ErrorCodes.AttemptsUnfinished,
                    $"The handler began {unfinished.Deliveries} times and did not say how it ended {unfinished.Unfinished} times: "
                    + "it ends its process, or lasts longer than its function may.");
            case InboxClaim.Exhausted exhausted:
                return new MessageOutcome.DeadLetter(
                    ErrorCodes.AttemptsExhausted, $"The handler has failed, or did not end, {exhausted.Deliveries} times.");
            case InboxClaim.Conflict:
                return new MessageOutcome.DeadLetter(
                    ErrorCodes.EventIdConflict, "The event id was seen before with another subject or payload.");
            default:
                return StoreFailed(message, attempts: 1);
        }
    }

    private async Task<MessageOutcome> HandleAsync(
        HandlerRegistration registration,
        InboxMessage message,
        InboxClaim.Claimed claim,
        long claimedAt,
        WorkDeadline deadline,
        MarkGroup marks,
        CancellationToken cancellationToken)
    {
        if (!deadline.HasTimeFor(options.MinimumHandlerTime))
        {
            await ReleaseAsync(claim, ErrorCodes.NoTimeLeft, "Too little time was left to begin.", cancellationToken);
            return new MessageOutcome.Retry(TimeSpan.Zero, ErrorCodes.NoTimeLeft);
        }

        using var scope = deadline.Before(options.RecordMargin).BeginScope(cancellationToken);
        await using var keeper = new LeaseKeeper(repository, claim, message, options.Lease, time, logger, scope.Token);
        try
        {
            if (!await MayBeginAsync(claim, claimedAt, scope.Token))
            {
                return ClaimLost(claim);
            }

            await using var transaction = await repository.BeginAsync(claim, scope.Token);
            var context = ToContext(registration, message, claim, transaction);

            var handling = Spans.Begin(Spans.Handle);

            // A handler that ignores its token, or blocks, is left behind; what it enlists after that is never committed.
            var handler = BackgroundWork.Start(() => registration.InvokeAsync(message.Event, context, keeper.Token), keeper.Token);
            try
            {
                await handler.WaitAsync(keeper.Token);
            }
            finally
            {
                handling?.Dispose();
                if (!handler.IsCompleted)
                {
                    transaction.LeaveBehind(handler);
                }
            }

            // From here on a renewal could only stand in the way of the mark, or be misled by it.
            await keeper.StopAsync();
            using var committing = Spans.Begin(Spans.Commit);
            return await CommitAsync(transaction, claim, marks, scope.Token) switch
            {
                CommitOutcome.Committed => new MessageOutcome.Processed(),
                CommitOutcome.ClaimLost => ClaimLost(claim),
                CommitOutcome.TransactionEnded => await EndAsync(
                    message, claim, ErrorCodes.TransactionEnded, TransactionEnded, null, cancellationToken),
                CommitOutcome.StatementFailed => await FailAsync(
                    message,
                    claim,
                    ErrorCodes.HandlerFailed,
                    $"A statement of the handler failed{Named(transaction.ErrorName)}, and the handler went on: nothing of its transaction "
                    + "can be committed after that. Let the exception through, or set a savepoint before such a statement.",
                    null,
                    cancellationToken),
                _ => await FailAsync(
                    message,
                    claim,
                    ErrorCodes.EnlistedConditionFailed,
                    $"A condition of an enlisted write did not hold{Named(transaction.ErrorName)}.",
                    null,
                    cancellationToken),
            };
        }
        catch (MessageFormatException e)
        {
            return await EndAsync(message, claim, e.Code, e.Message, e, cancellationToken);
        }
        catch (Exception) when (keeper.IsLost && !cancellationToken.IsCancellationRequested)
        {
            return ClaimLost(claim);
        }
        catch (OperationCanceledException e) when (scope.IsOver && !cancellationToken.IsCancellationRequested)
        {
            return await FailAsync(
                message, claim, ErrorCodes.HandlerDeadline, "The handler did not end before its invocation's deadline.", e, cancellationToken);
        }
        catch (Exception e) when (repository.IsOutage(e) && !cancellationToken.IsCancellationRequested)
        {
            Log.InboxStoreFailed(logger, claim.EventId, FailureText.Of(e, repository));
            await ReleaseAsync(claim, ErrorCodes.StoreFailed, $"The store was away: {FailureText.NameOf(e)}.", cancellationToken);
            return StoreFailed(message, claim.Deliveries);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return await FailAsync(
                message, claim, ErrorCodes.HandlerFailed, $"The handler threw {FailureText.NameOf(e)}.", e, cancellationToken);
        }
    }

    // What enlisted nothing has nothing to be one transaction with.
    private static async Task<CommitOutcome> CommitAsync(
        IInboxTransaction transaction, InboxClaim.Claimed claim, MarkGroup marks, CancellationToken cancellationToken) =>
        !transaction.TryCloseEmpty() ? await transaction.CommitAsync(cancellationToken)
        : await marks.MarkAsync(claim, cancellationToken) ? CommitOutcome.Committed
        : CommitOutcome.ClaimLost;

    // A claim that has waited for its turn may have become another's.
    private Task<bool> MayBeginAsync(InboxClaim.Claimed claim, long claimedAt, CancellationToken cancellationToken) =>
        claim.Unfinished > 0 ? repository.StartAsync(claim, options.Lease, cancellationToken)
        : time.GetElapsedTime(claimedAt) > options.Lease / 3 ? repository.RenewAsync(claim, options.Lease, cancellationToken)
        : Task.FromResult(true);

    private Task ReleaseAsync(InboxClaim.Claimed claim, string code, string reason, CancellationToken cancellationToken) =>
        TryEndAsync(new Ending(claim, Counts: false, code, reason), cancellationToken);

    /// <summary>Records how an attempt ended, or keeps that for later.</summary>
    /// <returns>Whether the claim still held; null: the store did not answer.</returns>
    private async Task<bool?> TryEndAsync(Ending ending, CancellationToken cancellationToken)
    {
        var (claim, counts, code, reason) = ending;
        try
        {
            return counts
                ? await repository.MarkFailedAsync(claim, code, reason, cancellationToken)
                : await repository.ReleaseAsync(claim, code, reason, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.InboxStoreFailed(logger, claim.EventId, FailureText.Of(e, repository));
            _untold.Enqueue(ending);
            if (_untold.Count > MostUntold)
            {
                _untold.TryDequeue(out _);
            }

            return null;
        }
    }

    /// <summary>Ends the attempt where no further one can succeed, or may be made.</summary>
    private async Task<MessageOutcome> EndAsync(
        InboxMessage message, InboxClaim.Claimed claim, string code, string reason, Exception? exception, CancellationToken cancellationToken)
    {
        var failed = await FailAsync(message, claim, code, reason, exception, cancellationToken);
        return failed is MessageOutcome.Retry { ErrorCode: ErrorCodes.ClaimLost } ? failed : new MessageOutcome.DeadLetter(code, reason);
    }

    /// <summary>Ends the attempt, so that the next delivery does not have to wait for the lease to end.</summary>
    private async Task<MessageOutcome> FailAsync(
        InboxMessage message, InboxClaim.Claimed claim, string code, string reason, Exception? exception, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Fail);
        Log.HandlerFailed(
            logger,
            claim.EventId,
            claim.Consumer,
            claim.Deliveries,
            code,
            exception is null ? "" : FailureText.NameOf(exception),
            exception?.StackTrace);

        // Where a commit's outcome is unknown this decides it: either the mark is there, or it can no longer come.
        switch (await TryEndAsync(new Ending(claim, Counts: true, code, reason), cancellationToken))
        {
            case null:
                return StoreFailed(message, claim.Deliveries);
            case false:
                return ClaimLost(claim);
        }

        return claim.Deliveries >= options.MaxAttempts
            ? new MessageOutcome.DeadLetter(
                ErrorCodes.AttemptsExhausted, $"Attempt {claim.Deliveries} of {options.MaxAttempts} failed: {reason} ({code})")
            : new MessageOutcome.Retry(_backoff.After(claim.Deliveries), code);
    }

    // The transport counts receives, not attempts, and gives up after some: the longer an outage lasts, the longer is each wait.
    private MessageOutcome.Retry StoreFailed(InboxMessage message, int attempts) =>
        new(_backoff.After(Math.Max(attempts, message.Receives)), ErrorCodes.StoreFailed);

    private MessageOutcome ClaimLost(InboxClaim.Claimed claim)
    {
        Log.ClaimLost(logger, claim.EventId, claim.Consumer);
        return new MessageOutcome.Retry(_backoff.After(1), ErrorCodes.ClaimLost);
    }

    private TimeSpan UntilFree(DateTimeOffset until)
    {
        var wait = until - time.GetUtcNow() + TimeSpan.FromSeconds(1 + entropy.NextDouble());
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestVisibility ? LongestVisibility : wait;
    }

    private static string Named(string? error) => error is null ? "" : $" ({error})";

    private static MessageContext ToContext(
        HandlerRegistration registration, InboxMessage message, InboxClaim.Claimed claim, IInboxTransaction transaction) => new()
        {
            EventId = message.Event.EventId,
            Subject = message.Event.Subject,
            Consumer = registration.Consumer,
            Headers = message.Event.Headers,
            OrderingKey = message.Event.OrderingKey,
            EnqueuedAt = message.Event.EnqueuedAt,
            Result = message.Event.Result,
            ReplayId = message.Event.ReplayId,
            Deliveries = claim.Deliveries,
            Transaction = transaction,
        };

    /// <summary>How an attempt ended without success, and whether it counts.</summary>
    private sealed record Ending(InboxClaim.Claimed Claim, bool Counts, string Code, string Reason);
}
