namespace Relaybox.Local.Chaos;

/// <summary>What the operations of an operator have done.</summary>
internal sealed record ChaosOperations
{
    private const char Separator = '~';

    /// <summary>How many there were.</summary>
    public required int Count { get; init; }

    /// <summary>Whether all of them have ended.</summary>
    public required bool HaveEnded { get; init; }

    /// <summary>How many events and rows they have sent again, to have no effect of their own.</summary>
    public required long SentAgain { get; init; }

    /// <summary>How many parked rows they have purged.</summary>
    public required long Purged { get; init; }

    /// <summary>How many events each replay has had handled again, by its id.</summary>
    public required IReadOnlyDictionary<string, long> Replays { get; init; }

    /// <summary>How many events were handled again.</summary>
    public long Reprocessed => Replays.Values.Sum();

    /// <summary>The event of an effect, and the replay; empty: the effect of the event itself.</summary>
    public static (string EventId, string ReplayId) Parse(string effectId) =>
        effectId.Split(Separator, 2) is [var eventId, var replayId] ? (eventId, replayId) : (effectId, "");

    /// <summary>The replays that have fewer effects than events, with both numbers.</summary>
    public IReadOnlyList<string> FindLost(IEnumerable<string> effectIds)
    {
        var effects = effectIds.CountBy(id => Parse(id).ReplayId).ToDictionary();
        return
        [
            .. Replays.Select(replay => (replay.Key, Events: replay.Value, Effects: effects.GetValueOrDefault(replay.Key)))
                .Where(replay => replay.Effects < replay.Events)
                .Select(replay => $"{replay.Key} (handled {replay.Effects} of {replay.Events})"),
        ];
    }
}
