namespace Relaybox.Timing;

/// <summary>Repeats a call whose failure is transient, with backoff, until its tries are used up.</summary>
/// <param name="maxTries">How often the call is made at most.</param>
/// <param name="backoff">The waits between tries.</param>
/// <param name="isTransient">Whether the same call can succeed later.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class RetryLoop(int maxTries, Backoff backoff, Func<Exception, bool> isTransient, TimeProvider time)
{
    private const int TriesOfStores = 5;

    /// <summary>How calls of a database server are repeated: five tries, with waits of 50 ms to a second between them.</summary>
    /// <param name="isTransient">Whether the same call can succeed later.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    internal static RetryLoop OfStore(Func<Exception, bool> isTransient, TimeProvider time, IEntropy entropy) =>
        new(TriesOfStores, new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), entropy), isTransient, time);

    /// <summary>Makes a call, and repeats it. The last failure is thrown as it is.</summary>
    /// <param name="call">The call. It gets the number of the try, from 1, and must expect the effects of its own earlier tries.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    /// <exception cref="OperationCanceledException">
    /// The work was cancelled. Where a try had failed before, its exception is the inner exception: it says why there was no time left.
    /// </exception>
    internal async Task<T> RunAsync<T>(Func<int, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        Exception? last = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (last is not null)
                {
                    await Task.Delay(backoff.After(attempt - 1), time, cancellationToken);
                }

                return await call(attempt, cancellationToken);
            }
            catch (Exception e) when (attempt < maxTries && isTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                last = e;
            }
            catch (OperationCanceledException e) when (last is not null && e.InnerException is null)
            {
                throw new OperationCanceledException(e.Message, last, e.CancellationToken);
            }
        }
    }
}
