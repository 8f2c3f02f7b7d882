namespace Relaybox.Inbox;

/// <summary>
/// Writes marks that come at the same time in one call: while one call is under way, the marks that come gather for the next.
/// So a batch of fast handlers costs one commit instead of one each, and none waits for a handler that is slower than its own.
/// </summary>
/// <param name="repository">The inbox.</param>
/// <param name="concurrency">How many lanes run at once.</param>
/// <param name="cancellationToken">Ends the calls.</param>
internal sealed class MarkGroup(IInboxRepository repository, int concurrency, CancellationToken cancellationToken)
{
    // How often others that are able to run may run before the first call: some tens of microseconds where none is.
    private const int MaxYields = 64;

    private readonly Lock _lock = new();
    private List<Mark> _gathered = [];
    private int _lanes;
    private bool _isWriting;

    private bool IsComplete
    {
        get
        {
            lock (_lock)
            {
                return _gathered.Count >= Math.Min(Volatile.Read(ref _lanes), concurrency);
            }
        }
    }

    /// <summary>Says how many lanes are about to run, each of which brings one mark at a time.</summary>
    internal void Open(int lanes) => Interlocked.Add(ref _lanes, lanes);

    /// <summary>Says that a lane brings no more marks.</summary>
    internal void CloseLane() => Interlocked.Decrement(ref _lanes);

    /// <summary>Marks a message as processed.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether the claim still held; otherwise nothing changed.</returns>
    internal async Task<bool> MarkAsync(InboxClaim.Claimed claim, CancellationToken cancellation)
    {
        var mark = new Mark(claim);
        bool begins;
        lock (_lock)
        {
            _gathered.Add(mark);
            begins = !_isWriting;
            _isWriting = true;
        }

        if (begins)
        {
            _ = WriteAsync();
        }

        // A claim that was not marked with the others is marked alone, which says why.
        return await mark.Written.Task.WaitAsync(cancellation) || await repository.MarkProcessedAsync(claim, cancellation);
    }

    private async Task WriteAsync()
    {
        for (var i = 0; i < MaxYields && !IsComplete; i++)
        {
            await Task.Yield();
        }

        while (true)
        {
            List<Mark> marks;
            lock (_lock)
            {
                if (_gathered.Count == 0)
                {
                    _isWriting = false;
                    return;
                }

                (marks, _gathered) = (_gathered, []);
            }

            var written = await TryWriteAsync(marks);
            for (var i = 0; i < marks.Count; i++)
            {
                marks[i].Written.SetResult(i < written.Count && written[i]);
            }
        }
    }

    private async Task<IReadOnlyList<bool>> TryWriteAsync(List<Mark> marks)
    {
        try
        {
            return await repository.TryMarkProcessedAsync(marks.ConvertAll(mark => mark.Claim), cancellationToken);
        }
        catch (Exception)
        {
            // Nothing is known of any; each finds out alone, and reports its own failure.
            return [];
        }
    }

    private sealed record Mark(InboxClaim.Claimed Claim)
    {
        public TaskCompletionSource<bool> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
