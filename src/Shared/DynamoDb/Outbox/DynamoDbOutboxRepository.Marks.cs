using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

// Recording outcomes. A claimed row changes only under its token; an unclaimed one (the stream's right) only while it is
// pending and nobody has claimed it.
internal sealed partial class DynamoDbOutboxRepository
{
    private const string WhereClaimed = """ WHERE "eventId" = ? AND "status" = ? AND "claimToken" = ?""";
    private const string WhereUnclaimed = """ WHERE "eventId" = ? AND "status" = ? AND "claimToken" IS MISSING""";

    /// <inheritdoc />
    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var expires = Values.Seconds(now + options.SentRetention);
        return RunAsync(
            marks,
            mark => (mark.EventId, mark.Token),
            comesBack: false,
            mark => Update(
                mark.EventId,
                mark.Token,
                // The row keeps the token that sent it, so that a repeated call knows its own work.
                """
                SET "status" = ? SET "sentAt" = ? SET "expiresAt" = ?
                REMOVE "dueShard" REMOVE "dueAt" REMOVE "claimedAt" REMOVE "leaseUntil" REMOVE "unfinished" REMOVE "errorCode" REMOVE "errorMessage"
                """,
                [Values.S(OutboxStatusText.Sent), Values.Time(now), expires],
                row => row.Status == OutboxStatus.Sent && (mark.Token.IsNone || row.Token == mark.Token)),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return RunAsync(
            marks,
            mark => (mark.EventId, mark.Token),
            comesBack: true,
            mark =>
            {
                var due = Values.Time(now.Later(mark.Delay));
                var setError = mark.ErrorCode is null ? "" : """ SET "errorCode" = ? SET "errorMessage" = ?""";
                List<AttributeValue> values =
                [
                    Values.S(OutboxStatusText.Pending), Values.N(mark.Attempts),
                    Values.S(DueShard.Of(mark.EventId, options.DueShards)), due,
                ];
                if (mark.ErrorCode is { } code)
                {
                    values.Add(Values.S(code));
                    values.Add(Values.S(ErrorText.Bound(mark.ErrorMessage)));
                }

                return Update(
                    mark.EventId,
                    mark.Token,
                    """SET "status" = ? SET "attempts" = ? SET "dueShard" = ? SET "dueAt" = ?""" + setError
                        + """ REMOVE "claimToken" REMOVE "claimedAt" REMOVE "leaseUntil" REMOVE "unfinished" """,
                    values,
                    row => row.Status == OutboxStatus.Pending && row.DueAt == due.AsTime() && row.Attempts == mark.Attempts);
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken)
    {
        var now = Values.Time(time.GetUtcNow());
        return RunAsync(
            marks,
            mark => (mark.EventId, mark.Token),
            comesBack: false,
            mark => Update(
                mark.EventId,
                mark.Token,
                """
                SET "status" = ? SET "failedAt" = ? SET "dueShard" = ? SET "dueAt" = ? SET "attempts" = ?
                SET "errorCode" = ? SET "errorMessage" = ?
                REMOVE "claimToken" REMOVE "claimedAt" REMOVE "leaseUntil" REMOVE "unfinished" REMOVE "shelvedAt"
                """,
                [
                    Values.S(OutboxStatusText.Failed), now, Values.S(Attributes.FailedShard), now, Values.N(mark.Attempts),
                    Values.S(mark.ErrorCode), Values.S(ErrorText.Bound(mark.ErrorMessage)),
                ],
                row => row.Status == OutboxStatus.Failed && row.FailedAt == now.AsTime()),
            cancellationToken);
    }

    private async Task<MarkResult> RunAsync<TMark>(
        IReadOnlyList<TMark> marks,
        Func<TMark, (string EventId, ClaimToken Token)> nameOf,
        bool comesBack,
        Func<TMark, StatementBatch.Update> toUpdate,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        if (marks.Count == 0)
        {
            return MarkResult.Empty;
        }

        var result = await _statements.RunAsync([.. marks.Select(toUpdate)], cancellationToken);
        foreach (var (eventId, token) in marks.Select(nameOf))
        {
            if (comesBack)
            {
                _passedOver.Remove(eventId);
            }
            else if (!token.IsNone)
            {
                // The index may name it for a moment longer.
                _passedOver.Add(eventId, IndexLag);
            }
        }

        return result;
    }

    private StatementBatch.Update Update(
        string eventId, ClaimToken token, string set, List<AttributeValue> values, Predicate<OutboxRow> isAlreadyDone)
    {
        values.Add(Values.S(eventId));
        values.Add(Values.S(token.IsNone ? OutboxStatusText.Pending : OutboxStatusText.Publishing));
        if (token.Value is { } value)
        {
            values.Add(Values.S(value));
        }

        return new StatementBatch.Update(
            eventId,
            new BatchStatementRequest
            {
                Statement = $"UPDATE \"{options.TableName}\" {set}{(token.IsNone ? WhereUnclaimed : WhereClaimed)}",
                Parameters = values,
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            },
            item => isAlreadyDone(OutboxItem.ToRow(item)));
    }
}
