namespace Relaybox.Operations;

/// <summary>Counts what a selection means, for the operator who is to confirm it.</summary>
/// <typeparam name="T">What is selected.</typeparam>
internal sealed class SelectionTally<T>
{
    private const int MostSamples = 5;

    private readonly Dictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly List<T> _samples = [];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>When the first of them failed, or was sent; null where no time is known.</summary>
    public DateTimeOffset? Oldest { get; private set; }

    /// <summary>When the last of them failed, or was sent; null where no time is known.</summary>
    public DateTimeOffset? Newest { get; private set; }

    /// <summary>How many of them have which error code; those without one are under the empty text.</summary>
    public IReadOnlyDictionary<string, long> Errors => _errors;

    /// <summary>The first of them.</summary>
    public IReadOnlyList<T> Samples => _samples;

    /// <summary>Counts one more.</summary>
    /// <param name="item">What is selected.</param>
    /// <param name="time">When it failed, or was sent, as far as it is known.</param>
    /// <param name="errorCode">With which error; null: it has no code.</param>
    public void Add(T item, DateTimeOffset? time, string? errorCode)
    {
        Count++;
        Oldest = time < Oldest || Oldest is null ? time : Oldest;
        Newest = time > Newest || Newest is null ? time : Newest;
        var code = errorCode ?? "";
        _errors[code] = _errors.GetValueOrDefault(code) + 1;
        if (_samples.Count < MostSamples)
        {
            _samples.Add(item);
        }
    }
}
