using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Relaybox.Timing;

namespace Relaybox.Sqs;

/// <summary>
/// Gathers messages into calls of ten, with several calls in flight. What is there at first goes at once; what becomes ready
/// later waits a moment for company while other calls are in flight, because calls are what the service counts.
/// </summary>
internal sealed class SqsCalls(
    Func<List<SqsEntry>, CancellationToken, Task> send, int concurrency, int maxBytes, TimeProvider time) : IDisposable
{
    private const int MaxEntries = 10;

    // About a call to the service in its own region: calls that began together come back within it.
    private static readonly TimeSpan WaitForCompany = TimeSpan.FromMilliseconds(20);

    private readonly Channel<List<SqsEntry>> _answered = Channel.CreateUnbounded<List<SqsEntry>>();
    private readonly Queue<SqsEntry> _ready = new();
    private ITimer? _wait;
    private bool _isWaitOver = true;
    private int _inFlight;

    /// <summary>Whether nothing is left that could still be answered.</summary>
    internal bool AreDone => _inFlight == 0 && _ready.Count == 0;

    internal void Add(SqsEntry entry) => _ready.Enqueue(entry);

    /// <summary>Begins the calls that can begin. Returns the messages that it is too late for.</summary>
    internal IReadOnlyList<SqsEntry> Begin(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            SqsEntry[] late = [.. _ready];
            _ready.Clear();
            return late;
        }

        while (_ready.Count > 0 && _inFlight < concurrency)
        {
            var count = CountOfNext();
            var isFull = count < _ready.Count || count == MaxEntries;
            if (!isFull && !_isWaitOver && _inFlight > 0)
            {
                break;
            }

            _inFlight++;
            _ = SendAsync([.. Enumerable.Range(0, count).Select(_ => _ready.Dequeue())], cancellationToken);
        }

        if (_ready.Count == 0)
        {
            _isWaitOver = false;
            _wait?.Dispose();
            _wait = null;
        }
        else if (!_isWaitOver)
        {
            _wait ??= time.CreateTimer(_ => _answered.Writer.TryWrite([]), null, WaitForCompany, Timeout.InfiniteTimeSpan);
        }

        return [];
    }

    /// <summary>Waits until a call is over, or some messages have waited long enough; returns those of the calls that are over.</summary>
    /// <exception cref="Exception">What a call has thrown.</exception>
    internal async Task<List<SqsEntry>> AnsweredAsync()
    {
        var answered = new List<SqsEntry>();
        try
        {
            Note(await _answered.Reader.ReadAsync(CancellationToken.None));
        }
        catch (ChannelClosedException e) when (e.InnerException is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        while (_answered.Reader.TryRead(out var more))
        {
            Note(more);
        }

        return answered;

        void Note(List<SqsEntry> batch)
        {
            _isWaitOver |= batch.Count == 0;
            _inFlight -= batch.Count == 0 ? 0 : 1;
            answered.AddRange(batch);
        }
    }

    public void Dispose() => _wait?.Dispose();

    private int CountOfNext()
    {
        var (count, bytes) = (0, 0);
        foreach (var entry in _ready)
        {
            bytes += entry.Size;
            if (count == MaxEntries || (count > 0 && bytes > maxBytes))
            {
                break;
            }

            count++;
        }

        return count;
    }

    private async Task SendAsync(List<SqsEntry> batch, CancellationToken cancellationToken)
    {
        try
        {
            await send(batch, cancellationToken);
            _answered.Writer.TryWrite(batch);
        }
        catch (Exception e)
        {
            _answered.Writer.TryComplete(e);
        }
    }
}
