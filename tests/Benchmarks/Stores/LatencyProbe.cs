using System.Collections.Concurrent;
using System.Diagnostics;

namespace Relaybox.Benchmarks.Stores;

/// <summary>
/// Commits single rows at a steady pace, and takes the time from the moment the app knows of each commit to the moment its row
/// is handed to the broker or handler. Both happen in this process, on one clock.
/// </summary>
internal sealed class LatencyProbe
{
    // The first rows open connections and compile code, and count for nothing.
    private const int WarmUp = 20;
    private const int LeastRateOfWarmUp = 50;
    private const int RateOfManyWriters = 500;
    private const int ManyWriters = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<string, long> _handled = new();

    /// <summary>To be called as soon as a row is in the hands of whom it is for.</summary>
    public void Handled(string id) => Handled(id, Stopwatch.GetTimestamp());

    /// <summary>As <see cref="Handled(string)"/>, where it can only be said later.</summary>
    /// <param name="id">The row.</param>
    /// <param name="at">When it was, by <see cref="Stopwatch"/>.</param>
    public void Handled(string id, long at) => _handled.TryAdd(id, at);

    /// <summary>Commits rows to an outbox while something relays them, and answers with the milliseconds of each.</summary>
    /// <param name="outbox">The outbox.</param>
    /// <param name="rows">How many.</param>
    /// <param name="rate">How many in a second.</param>
    /// <param name="relay">Relays rows, and tells the probe of each, until its token ends it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <param name="isEmptied">Whether the outbox is emptied before.</param>
    public static async Task<double[]> MeasureAsync(
        BenchOutbox outbox,
        int rows,
        int rate,
        Func<LatencyProbe, CancellationToken, Task> relay,
        CancellationToken cancellationToken,
        bool isEmptied = true)
    {
        if (isEmptied)
        {
            await outbox.FillAsync(0, cancellationToken);
        }

        var probe = new LatencyProbe();
        return await probe.MeasureAsync(
            rows,
            rate,
            async (row, ct) =>
            {
                var id = $"event-{Guid.NewGuid()}";
                await outbox.WriteAsync(id, ct);
                return id;
            },
            ct => relay(probe, ct),
            cancellationToken);
    }

    /// <summary>Commits rows, and answers with the milliseconds of each.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="rate">How many in a second.</param>
    /// <param name="commit">Commits the row of a number, and answers with the id under which it will be handled.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<double[]> MeasureAsync(
        int rows, int rate, Func<int, CancellationToken, Task<string>> commit, CancellationToken cancellationToken)
    {
        _handled.Clear();
        var committed = new (string Id, long At)[rows + WarmUp];
        var start = Stopwatch.GetTimestamp();

        var warmUp = TimeSpan.FromSeconds((double)WarmUp / Math.Max(rate, LeastRateOfWarmUp));
        var begin = warmUp + TimeSpan.FromSeconds(1.0 / rate);

        // One alone does not commit so many.
        var writers = rate >= RateOfManyWriters ? ManyWriters : 1;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(WriteAsync));

        // A row of an earlier round may come again in this one, when its lease ends: only these rows are waited for.
        var end = TimeProvider.System.GetUtcNow() + Patience;
        while (Array.Find(committed, row => !_handled.ContainsKey(row.Id)) is { Id: not null } missing)
        {
            if (TimeProvider.System.GetUtcNow() > end)
            {
                throw new TimeoutException($"The row {missing.Id} was not handled within {Patience.TotalSeconds:0} seconds.");
            }

            await Task.Delay(Look, cancellationToken);
        }

        return [.. committed.Skip(WarmUp).Select(row => Stopwatch.GetElapsedTime(row.At, _handled[row.Id]).TotalMilliseconds)];

        async Task WriteAsync(int writer)
        {
            for (var row = writer; row < rows + WarmUp; row += writers)
            {
                var moment = row < WarmUp ? warmUp * row / WarmUp : begin + TimeSpan.FromSeconds((double)(row - WarmUp) / rate);
                var wait = moment - Stopwatch.GetElapsedTime(start);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, cancellationToken);
                }

                committed[row] = (await commit(row, cancellationToken), Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>The same while something handles the rows; it is stopped when all are handled.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="rate">How many in a second.</param>
    /// <param name="commit">Commits the row of a number, and answers with the id under which it will be handled.</param>
    /// <param name="handle">Handles rows until its token ends it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<double[]> MeasureAsync(
        int rows,
        int rate,
        Func<int, CancellationToken, Task<string>> commit,
        Func<CancellationToken, Task> handle,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var handling = handle(stop.Token);
        var measuring = MeasureAsync(rows, rate, commit, cancellationToken);
        await await Task.WhenAny(measuring, handling);
        await stop.CancelAsync();
        await handling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await measuring;
    }
}
