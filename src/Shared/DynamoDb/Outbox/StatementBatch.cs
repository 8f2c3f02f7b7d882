using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// Runs conditional single-row updates 25 to a call (BatchExecuteStatement): each stands and fails alone, and an update
/// of a row that is not there fails instead of making one.
/// </summary>
internal sealed class StatementBatch(IAmazonDynamoDB dynamoDb, IEntropy entropy, TimeProvider time)
{
    private const int MaxStatements = 25;
    private const int MaxTries = 6;
    private const int CallsInFlight = 4;

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), entropy);

    /// <summary>One statement, and how to tell from the row whether this very write was applied before.</summary>
    internal sealed record Update(
        string EventId, BatchStatementRequest Request, Predicate<Dictionary<string, AttributeValue>> IsAlreadyDone);

    internal async Task<MarkResult> RunAsync(IReadOnlyList<Update> updates, CancellationToken cancellationToken)
    {
        var held = 0;
        string? failure = null;
        var late = new List<string>();
        var unrecorded = new List<string>();

        // The service refuses a whole call that names an item twice.
        IReadOnlyList<Update> todo = [.. updates.DistinctBy(update => update.EventId)];
        for (var attempt = 1; todo.Count > 0; attempt++)
        {
            var answers = await SendAllAsync(todo, cancellationToken);
            var again = new List<Update>();
            for (var i = 0; i < todo.Count; i++)
            {
                switch (Judge(todo[i], answers[i]))
                {
                    case Verdict.Applied:
                        held++;
                        break;
                    case Verdict.Late:
                        late.Add(todo[i].EventId);
                        break;
                    case Verdict.Again when attempt < MaxTries:
                        again.Add(todo[i]);
                        break;
                    default:
                        unrecorded.Add(todo[i].EventId);
                        failure ??= answers[i]?.Error?.Code?.Value ?? "NoAnswer";
                        break;
                }
            }

            todo = again;
            if (todo.Count > 0)
            {
                await Task.Delay(_backoff.After(attempt), time, cancellationToken);
            }
        }

        return new MarkResult(held, late, unrecorded) { Failure = failure };
    }

    private async Task<BatchStatementResponse?[]> SendAllAsync(IReadOnlyList<Update> updates, CancellationToken cancellationToken)
    {
        var answers = new BatchStatementResponse?[updates.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (updates.Count + MaxStatements - 1) / MaxStatements),
            new ParallelOptions { MaxDegreeOfParallelism = CallsInFlight, CancellationToken = cancellationToken },
            async (chunk, ct) =>
            {
                var start = chunk * MaxStatements;
                var count = Math.Min(MaxStatements, updates.Count - start);
                var request = new BatchExecuteStatementRequest { Statements = new List<BatchStatementRequest>(count) };
                for (var i = start; i < start + count; i++)
                {
                    request.Statements.Add(updates[i].Request);
                }

                try
                {
                    var response = await dynamoDb.BatchExecuteStatementAsync(request, ct);
                    for (var i = 0; i < count && i < (response.Responses?.Count ?? 0); i++)
                    {
                        answers[start + i] = response.Responses![i];
                    }
                }
                catch (Exception e) when (DynamoDbFaults.IsTransient(e) && !ct.IsCancellationRequested)
                {
                    // Without an answer: tried again below. The other calls are not affected.
                }
            });
        return answers;
    }

    private static Verdict Judge(Update update, BatchStatementResponse? answer)
    {
        if (answer is null)
        {
            return Verdict.Again;
        }

        if (answer.Error is not { } error)
        {
            return Verdict.Applied;
        }

        if (error.Code == BatchStatementErrorCodeEnum.ConditionalCheckFailed)
        {
            // A call whose answer was lost is sent again by the client: its own effect must not look like another's.
            return error.Item is { Count: > 0 } item && update.IsAlreadyDone(item) ? Verdict.Applied : Verdict.Late;
        }

        return error.Code == BatchStatementErrorCodeEnum.ThrottlingError
            || error.Code == BatchStatementErrorCodeEnum.ProvisionedThroughputExceeded
            || error.Code == BatchStatementErrorCodeEnum.RequestLimitExceeded
            || error.Code == BatchStatementErrorCodeEnum.TransactionConflict
            || error.Code == BatchStatementErrorCodeEnum.InternalServerError
            ? Verdict.Again
            : Verdict.Failed;
    }

    private enum Verdict
    {
        Applied,
        Late,
        Again,
        Failed,
    }
}
