namespace Relaybox.Local.Chaos;

/// <summary>Whether events were published in the order of their keys.</summary>
internal static class KeyOrder
{
    /// <summary>
    /// The events that were published before an earlier one of their key. A copy may come again later; what counts is where each
    /// event stands first.
    /// </summary>
    /// <param name="published">Event ids in the broker's order.</param>
    /// <param name="places">Each event's key, and its place among that key's commits.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<IReadOnlyList<string>> FindBrokenAsync(
        IAsyncEnumerable<string> published, IReadOnlyDictionary<string, (string Key, long Place)> places, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>();
        var highest = new Dictionary<string, long>();
        var broken = new List<string>();
        await foreach (var eventId in published.WithCancellation(cancellationToken))
        {
            if (!seen.Add(eventId) || !places.TryGetValue(eventId, out var place))
            {
                continue;
            }

            if (highest.TryGetValue(place.Key, out var before) && before > place.Place)
            {
                broken.Add(eventId);
            }

            highest[place.Key] = Math.Max(before, place.Place);
        }

        return broken;
    }
}
