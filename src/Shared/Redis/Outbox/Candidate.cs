using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>A row that a claim may take, as it was found.</summary>
/// <param name="Bucket">Where it is.</param>
/// <param name="Member">What the sorted sets have of it.</param>
/// <param name="Kind">How it was found.</param>
/// <param name="Since">When it, or the first of its line, became due or its lease ended, in ms.</param>
/// <param name="Index">Its place behind the first row that can be claimed of its key.</param>
internal sealed record Candidate(Bucket Bucket, RedisValue Member, CandidateKind Kind, long Since, int Index)
{
    private readonly (string Key, string EventId) _names = OutboxNames.ReadMember(Member);

    /// <summary>Whether it has an ordering key.</summary>
    internal bool IsKeyed => Key.Length > 0;

    internal string Key => _names.Key;

    internal string EventId => _names.EventId;

    /// <summary>Reads what <c>outbox_find.lua</c> has found.</summary>
    internal static IEnumerable<Candidate> Read(Bucket bucket, RedisResult found)
    {
        const int Values = 3;

        var index = 0;
        foreach (var row in ((RedisValue[])found!).Chunk(Values))
        {
            var kind = (string?)row[0] switch
            {
                "due" => CandidateKind.Due,
                "ended" => CandidateKind.Ended,
                "next" => CandidateKind.Next,
                _ => CandidateKind.Stray,
            };
            index = kind == CandidateKind.Next ? index + 1 : 0;
            yield return new Candidate(bucket, row[1], kind, (long)row[2], index);
        }
    }
}
