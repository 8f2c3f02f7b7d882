namespace Relaybox.Paging;

/// <summary>How many rows the next step of a job looks at.</summary>
/// <param name="least">The rows of the first step, and the least of any.</param>
/// <param name="stepTime">How long a step should take.</param>
internal sealed class PageSize(int least, TimeSpan stepTime)
{
    private const int MostTimes = 16;

    private int _times = 1;

    internal int Rows => (int)Math.Min((long)least * _times, int.MaxValue);

    /// <summary>Takes into account how long a step of <see cref="Rows"/> took.</summary>
    internal void Adapt(TimeSpan took)
    {
        if (took > stepTime)
        {
            _times = Math.Max(1, _times / 2);
        }
        else if (took < stepTime / 2)
        {
            _times = Math.Min(_times * 2, MostTimes);
        }
    }
}
