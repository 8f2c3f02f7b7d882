namespace Relaybox.Local.EventSources;

/// <summary>
/// Chooses which deliveries come twice: an even share of all, so that the count does not depend on luck. It is
/// what at-least-once sources do now and then, done on purpose.
/// </summary>
internal sealed class DuplicatePlan(double percent)
{
    private readonly Lock _gate = new();
    private double _due;
    private int _injected;

    public static DuplicatePlan None { get; } = new(0);

    /// <summary>Whether nothing comes again.</summary>
    public bool IsEmpty => percent <= 0;

    /// <summary>How many re-deliveries have been made.</summary>
    public int Injected => Volatile.Read(ref _injected);

    /// <summary>True for every delivery that shall come again.</summary>
    public bool Choose()
    {
        lock (_gate)
        {
            _due += percent / 100;
            if (_due < 1)
            {
                return false;
            }

            _due--;
            return true;
        }
    }

    public void Count(int deliveries) => Interlocked.Add(ref _injected, deliveries);
}
