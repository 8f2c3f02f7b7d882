using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>
/// Looks during a run whether an operator has paused a part. Where that cannot be read, the run goes on as it was: a pause is no reason to
/// lose the relay to a missing grant.
/// </summary>
/// <param name="pauses">Where the pauses are kept.</param>
/// <param name="time">The clock of the looks.</param>
/// <param name="logger">The log.</param>
internal sealed class PauseWatch(PauseStore pauses, TimeProvider time, ILogger<PauseWatch> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private bool _hasFailed;

    /// <summary>Looks now, and goes on to look every five seconds until the run is disposed of.</summary>
    /// <param name="part">The part.</param>
    /// <param name="cancellationToken">Ends the first look.</param>
    public async Task<WatchedRun> BeginAsync(PausablePart part, CancellationToken cancellationToken)
    {
        var run = new WatchedRun();
        if (await IsPausedAsync(part, cancellationToken))
        {
            run.Pause();
        }
        else
        {
            run.Watch(ct => WatchAsync(part, run, ct));
        }

        return run;
    }

    private async Task WatchAsync(PausablePart part, WatchedRun run, CancellationToken cancellationToken)
    {
        do
        {
            await Task.Delay(Interval, time, cancellationToken);
        }
        while (!await IsPausedAsync(part, cancellationToken));

        run.Pause();
    }

    private async Task<bool> IsPausedAsync(PausablePart part, CancellationToken cancellationToken)
    {
        try
        {
            var isPaused = await pauses.FindAsync(part, cancellationToken) is not null;
            _hasFailed = false;
            return isPaused;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (!_hasFailed)
            {
                _hasFailed = true;
                Log.PauseUnreadable(logger, part.ToString(), e.GetType().Name);
            }

            return false;
        }
    }
}
