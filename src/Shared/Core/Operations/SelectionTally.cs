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

    /// <summary>When the first of them failed; null where no time is known.</summary>
    public DateTimeOffset? Oldest { get; private set; }

    /// <summary>When the last of them failed; null where no time is known.</summary>
    public DateTimeOffset? Newest { get; private set; }

    /// <summary>How many of them have which error code; those without one are under the empty text.</summary>
    public IReadOnlyDictionary<string, long> Errors => _errors;

    /// <summary>The first of them.</summary>
    public IReadOnlyList<T> Samples => _samples;

    /// <summary>Counts one more.</summary>
    /// <param name="item">What is selected.</param>
    /// <param name="failedAt">When it failed, as far as it is known.</param>
    /// <param name="errorCode">With which error; null: it has no code.</param>
    public void Add(T item, DateTimeOffset? failedAt, string? errorCode)
    {
        Count++;
        Oldest = failedAt < Oldest || Oldest is null ? failedAt : Oldest;
        Newest = failedAt > Newest || Newest is null ? failedAt : Newest;
        var code = errorCode ?? "";
        _errors[code] = _errors.GetValueOrDefault(code) + 1;
        if (_samples.Count < MostSamples)
        {
            _samples.Add(item);
        }
    }
}
