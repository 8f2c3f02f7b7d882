namespace Relaybox.Benchmarks.Peers;

/// <summary>A count that somebody waits for.</summary>
internal sealed class Countdown
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _left;

    /// <summary>Begins to count as many.</summary>
    public void Start(long count)
    {
        _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _left, count);
    }

    /// <summary>Counts some.</summary>
    public void Take(int count = 1)
    {
        if (Interlocked.Add(ref _left, -count) <= 0)
        {
            _done.TrySetResult();
        }
    }

    /// <summary>Ends when all are counted.</summary>
    /// <exception cref="TimeoutException">They did not come.</exception>
    public async Task WaitAsync()
    {
        try
        {
            await _done.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{Interlocked.Read(ref _left)} did not come within {Patience.TotalMinutes:0} minutes.");
        }
    }

    /// <summary>Ends when something is so, which is known to come soon.</summary>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var end = TimeProvider.System.GetUtcNow() + Patience; !await condition();)
        {
            if (TimeProvider.System.GetUtcNow() > end)
            {
                throw new TimeoutException($"What is waited for did not come within {Patience.TotalMinutes:0} minutes.");
            }

            await Task.Delay(1);
        }
    }
}
