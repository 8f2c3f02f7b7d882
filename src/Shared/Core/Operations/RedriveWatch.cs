namespace Relaybox.Operations;

/// <summary>Looks at what becomes of what was redriven: what fails again need not be sent by the thousand.</summary>
/// <param name="time">The clock of the waits.</param>
internal sealed class RedriveWatch(TimeProvider time)
{
    private const int MostLookedAt = 10;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private TimeSpan _patience = Longest;

    /// <summary>Waits a while for some of a step to come to an end.</summary>
    /// <param name="items">What they are called.</param>
    /// <param name="ids">What the step has redriven.</param>
    /// <param name="fateOf">Says what has become of one of them.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Why to stop: most of those that came to an end failed again. Null: go on.</returns>
    internal async Task<string?> WhyToStopAsync(
        string items,
        IReadOnlyCollection<string> ids,
        Func<string, CancellationToken, Task<RedriveFate>> fateOf,
        CancellationToken cancellationToken)
    {
        var open = ids.Take(MostLookedAt).ToList();
        var begun = time.GetTimestamp();
        var (succeeded, failed, first) = (0, 0, (string?)null);
        while (open.Count > 0)
        {
            foreach (var id in open.ToList())
            {
                var fate = await fateOf(id, cancellationToken);
                if (fate.IsOpen)
                {
                    continue;
                }

                open.Remove(id);
                succeeded += fate.HasFailed ? 0 : 1;
                failed += fate.HasFailed ? 1 : 0;
                first ??= fate.ErrorCode;
            }

            if (open.Count == 0)
            {
                break;
            }

            if (time.GetElapsedTime(begun) > _patience)
            {
                // Where nobody works, there is nothing to wait for: what comes later is looked at in passing.
                _patience = failed + succeeded == 0 ? TimeSpan.Zero : _patience;
                break;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        return failed > succeeded
            ? $"{failed} of {failed + succeeded} {items} that were looked at failed again, the first with {first}."
            : null;
    }
}
