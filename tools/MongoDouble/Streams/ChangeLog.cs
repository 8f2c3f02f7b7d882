using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Streams;

/// <summary>The newest commits, which change streams read; the double's oplog.</summary>
/// <param name="maxEvents">How many changes it keeps.</param>
/// <param name="maxBytes">How many bytes of documents it keeps.</param>
internal sealed class ChangeLog(int maxEvents, long maxBytes)
{
    private readonly List<(Commit Commit, long Bytes)> _commits = [];
    private int _start;
    private long _events;
    private long _bytes;

    /// <summary>The last commit that was forgotten; 0: none.</summary>
    public ulong ForgottenUpTo { get; private set; }

    public void Append(Commit commit)
    {
        var bytes = commit.Changes.Sum(change => change.After is { } document ? (long)BsonSize.Of(document) : 0);
        _commits.Add((commit, bytes));
        _events += commit.Changes.Count;
        _bytes += bytes;
        while ((_events > maxEvents || _bytes > maxBytes) && _commits.Count - _start > 1)
        {
            var (oldest, size) = _commits[_start];
            _events -= oldest.Changes.Count;
            _bytes -= size;
            ForgottenUpTo = oldest.Timestamp;
            _commits[_start++] = default;
        }

        if (_start > 1024 && _start > _commits.Count / 2)
        {
            _commits.RemoveRange(0, _start);
            _start = 0;
        }
    }

    /// <summary>Says that everything up to a commit is no longer known.</summary>
    public void Forget(ulong commit) => ForgottenUpTo = Math.Max(ForgottenUpTo, commit);

    /// <summary>The commits from a timestamp on, in their order.</summary>
    public IEnumerable<Commit> From(ulong timestamp)
    {
        var (low, high) = (_start, _commits.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _commits[middle].Commit.Timestamp < timestamp ? (middle + 1, high) : (low, middle);
        }

        for (var i = low; i < _commits.Count; i++)
        {
            yield return _commits[i].Commit;
        }
    }
}
