using Relaybox.Diagnostics;
using Relaybox.Outbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

// Recording outcomes: one script for each bucket. A claimed row changes only under its token.
internal sealed partial class RedisOutboxRepository
{
    // So many rows in one script, which blocks the server while it runs.
    private const int MarksOfAScript = 500;

    private static readonly RedisScript Marks = RedisScript.Load("outbox_mark");

    /// <inheritdoc />
    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(_options.AfterSending == AfterSending.Delete ? "delete" : "sent", marks, mark => mark, _ => [], cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            "retry",
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            mark =>
            [
                mark.Attempts, (long)Math.Max(0, mark.Delay.TotalMilliseconds), mark.ErrorCode, ErrorText.Bound(mark.ErrorMessage),
            ],
            cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            "park",
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            mark => [mark.Attempts, RedisValue.EmptyString, mark.ErrorCode, ErrorText.Bound(mark.ErrorMessage)],
            cancellationToken);

    private async Task<MarkResult> MarkAsync<TMark>(
        string kind,
        IReadOnlyList<TMark> marks,
        Func<TMark, OutboxMark> nameOf,
        Func<TMark, RedisValue[]> valuesOf,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var left = marks.DistinctBy(nameOf).Select(mark => (Mark: mark, Name: nameOf(mark))).ToList();
        var (applied, late, unrecorded, failure) = (0, new List<string>(), new List<string>(), (string?)null);
        foreach (var group in left.GroupBy(mark => mark.Name.Token.RowKey))
        {
            foreach (var some in group.Chunk(MarksOfAScript))
            {
                try
                {
                    foreach (var (name, holds) in await MarkSomeAsync(kind, group.Key, some, valuesOf, cancellationToken))
                    {
                        if (holds)
                        {
                            applied++;
                        }
                        else
                        {
                            late.Add(name.EventId);
                        }
                    }
                }
                catch (Exception e) when (RedisFaults.IsTransient(e) && !cancellationToken.IsCancellationRequested)
                {
                    unrecorded.AddRange(some.Select(mark => mark.Name.EventId));
                    failure ??= RedisFaults.Name(e);
                }
            }
        }

        return new MarkResult(applied, late, unrecorded) { Failure = failure };
    }

    private Task<List<(OutboxMark Name, bool Holds)>> MarkSomeAsync<TMark>(
        string kind,
        long rowKey,
        (TMark Mark, OutboxMark Name)[] marks,
        Func<TMark, RedisValue[]> valuesOf,
        CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, attempt) =>
            {
                var held = new List<(OutboxMark, bool)>();
                foreach (var (bucket, some) in await InBucketsAsync(database, rowKey, marks))
                {
                    var arguments = new ScriptArguments(bucket.Keys(), kind);
                    foreach (var (mark, name) in some)
                    {
                        arguments.AddKey(bucket.Row(name.EventId));
                        arguments.Add(name.EventId);
                        arguments.Add(name.Token.Value);
                        foreach (var value in valuesOf(mark))
                        {
                            arguments.Add(value);
                        }
                    }

                    // That a row is gone speaks for the mark where an earlier try may have deleted it, or where nobody had claimed it.
                    var answers = (int[])(await Marks.RunAsync(database, arguments))!;
                    held.AddRange(some.Zip(answers, (mark, answer) => (
                        mark.Name, answer == 1 || (answer < 0 && kind == "delete" && (attempt > 1 || mark.Name.Token.IsNone)))));
                }

                return held;
            },
            cancellationToken);

    private async Task<IEnumerable<(Bucket Bucket, List<(TMark Mark, OutboxMark Name)> Marks)>> InBucketsAsync<TMark>(
        IDatabase database, long rowKey, (TMark Mark, OutboxMark Name)[] marks)
    {
        if (rowKey > 0 && rowKey <= _buckets.Length)
        {
            return [(_buckets[rowKey - 1], [.. marks])];
        }

        var buckets = await Task.WhenAll(marks.Select(mark => FindBucketAsync(database, mark.Name.EventId)));
        return marks.Zip(buckets).GroupBy(mark => mark.Second, mark => mark.First).Select(group => (group.Key, group.ToList()));
    }
}
