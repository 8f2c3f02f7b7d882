namespace Relaybox.MongoDouble.Storage;

/// <summary>Until when a command may run (<c>maxTimeMS</c>).</summary>
internal sealed class Deadline(TimeProvider clock, TimeSpan? limit)
{
    private readonly long _start = clock.GetTimestamp();

    /// <summary>What is left, at most a second: who waits looks again then.</summary>
    /// <exception cref="ServerException">Nothing is left.</exception>
    public TimeSpan NextWait()
    {
        if (limit is not { } most)
        {
            return TimeSpan.FromSeconds(1);
        }

        var left = most - clock.GetElapsedTime(_start);
        if (left <= TimeSpan.Zero)
        {
            throw ServerErrors.MaxTimeExpired();
        }

        return left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1);
    }

    /// <exception cref="ServerException">The time is over.</exception>
    public void Check() => NextWait();
}
