using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// Recording outcomes: one statement a batch. A claimed row changes only under its token.
internal sealed partial class PostgresOutboxRepository
{
    private readonly OutboxMarks _marks;

    /// <inheritdoc />
    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(marks, mark => mark, _marks.Sent, (_, _) => { }, cancellationToken, FindSentElsewhere);

    /// <inheritdoc />
    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            _marks.Retry,
            (batch, parameters) =>
            {
                parameters.Add(Parameters.Integers([.. batch.Select(mark => mark.Attempts)]));
                parameters.Add(Parameters.Intervals([.. batch.Select(mark => mark.Delay)]));
                parameters.Add(Parameters.Texts([.. batch.Select(mark => mark.ErrorCode)]));
                parameters.Add(Parameters.Texts([.. batch.Select(mark => ErrorText.Bound(mark.ErrorMessage))]));
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            _marks.Park,
            (batch, parameters) =>
            {
                parameters.Add(Parameters.Integers([.. batch.Select(mark => mark.Attempts)]));
                parameters.Add(Parameters.Texts([.. batch.Select(mark => mark.ErrorCode)]));
                parameters.Add(Parameters.Texts([.. batch.Select(mark => ErrorText.Bound(mark.ErrorMessage))]));
            },
            cancellationToken);

    private async Task<MarkResult> MarkAsync<TMark>(
        IReadOnlyList<TMark> marks,
        Func<TMark, OutboxMark> nameOf,
        OutboxMarks.Mark sql,
        Action<IReadOnlyList<TMark>, NpgsqlParameterCollection> addParameters,
        CancellationToken cancellationToken,
        Func<int, bool, string?>? findElsewhere = null)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var result = MarkResult.Empty;
        foreach (var group in marks.DistinctBy(mark => nameOf(mark)).GroupBy(mark => nameOf(mark).Token.RowKey != 0))
        {
            result = Sum(result, await MarkGroupAsync([.. group], group.Key));
        }

        return result;

        async Task<MarkResult> MarkGroupAsync(List<TMark> batch, bool byNumber)
        {
            try
            {
                return await _retries.RunAsync((attempt, ct) => MarkOnceAsync(batch, byNumber, attempt, ct), cancellationToken);
            }
            catch (Exception e) when (PostgresFaults.IsTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                return new MarkResult(0, [], [.. batch.Select(mark => nameOf(mark).EventId)]) { Failure = PostgresFaults.Name(e) };
            }
        }

        async Task<MarkResult> MarkOnceAsync(List<TMark> batch, bool byNumber, int attempt, CancellationToken ct)
        {
            var numbers = byNumber ? [.. batch.Select(mark => nameOf(mark).Token.RowKey)] : await FindNumbersAsync([.. batch.Select(EventIdOf)], ct);
            var held = new HashSet<int>(batch.Count);
            await ExecuteAsync(sql.Apply, batch, numbers, held, ct);
            if (held.Count < batch.Count)
            {
                // Its own earlier work, or that of a try whose answer was lost: that one may have been committed while this one
                // waited for its rows, and is seen only by a statement that begins now.
                await ExecuteAsync(sql.FindDone, batch, numbers, held, ct);
            }

            if (held.Count < batch.Count && findElsewhere?.Invoke(attempt, byNumber) is { } find)
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(find, connection);
                command.Parameters.Add(Parameters.Texts([.. batch.Select(EventIdOf)]));
                command.Parameters.Add(Parameters.Texts([.. batch.Select(mark => nameOf(mark).Token.Value)]));
                await AddPlacesAsync(command, held, ct);
            }

            return new MarkResult(held.Count, [.. batch.Where((_, i) => !held.Contains(i)).Select(EventIdOf)], []);
        }

        async Task ExecuteAsync(string statement, List<TMark> batch, long[] numbers, HashSet<int> held, CancellationToken ct)
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            await using var command = new NpgsqlCommand(statement, connection);
            command.Parameters.Add(Parameters.Longs(numbers));
            command.Parameters.Add(Parameters.Texts([.. batch.Select(mark => nameOf(mark).Token.Value)]));
            addParameters(batch, command.Parameters);
            await AddPlacesAsync(command, held, ct);
        }

        string EventIdOf(TMark mark) => nameOf(mark).EventId;
    }

    private async Task<long[]> FindNumbersAsync(string[] eventIds, CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_marks.FindNumbers, connection);
        command.Parameters.Add(Parameters.Texts(eventIds));
        return [.. await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken)];
    }

    // Where a row that was sent is not to be kept, its own repeated mark finds it elsewhere, or not at all. That it is gone
    // speaks for the earlier try only where there was one, or where it was locked: then the process that had locked it has sent it.
    private string? FindSentElsewhere(int attempt, bool byNumber) => _afterSending switch
    {
        AfterSending.Archive => _marks.FindArchived,
        AfterSending.Delete when attempt > 1 || !byNumber => _marks.FindGone,
        _ => null,
    };

    private static async Task AddPlacesAsync(NpgsqlCommand command, HashSet<int> places, CancellationToken cancellationToken)
    {
        places.UnionWith(await command.ReadCommittedAsync(row => (int)row.GetInt64(0) - 1, cancellationToken));
    }

    private static MarkResult Sum(MarkResult a, MarkResult b) =>
        new(a.Applied + b.Applied, [.. a.Late, .. b.Late], [.. a.Unrecorded, .. b.Unrecorded]) { Failure = a.Failure ?? b.Failure };
}
