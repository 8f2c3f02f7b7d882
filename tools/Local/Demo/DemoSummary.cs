using System.Text.Json.Nodes;

namespace Relaybox.Local.Demo;

/// <summary>What came of the demo's orders.</summary>
internal sealed record DemoSummary
{
    /// <summary>Orders that were committed.</summary>
    public required int Written { get; init; }

    /// <summary>Outbox rows of those orders with the status sent.</summary>
    public required int Sent { get; init; }

    /// <summary>Messages that the consumer got, every delivery counted.</summary>
    public required int Received { get; init; }

    /// <summary>Orders that have their effect.</summary>
    public required int Effects { get; init; }

    public required int DuplicatesInjected { get; init; }

    public required int DuplicatesSuppressed { get; init; }

    /// <summary>Orders without an effect.</summary>
    public int Lost => Written - Effects;

    /// <summary>Effects beyond the first, over all orders.</summary>
    public required int Doubled { get; init; }

    /// <summary>
    /// Milliseconds from commit to effect, without the orders of <see cref="StartTime"/>, where there are others; null without
    /// effects.
    /// </summary>
    public required long? P50Ms { get; init; }

    public required long? P99Ms { get; init; }

    public required long? SlowestMs { get; init; }

    /// <summary>The slowest order of <see cref="StartTime"/>; null where all orders are of that time.</summary>
    public required long? SlowestAtStartMs { get; init; }

    /// <summary>How long the functions are given to start, from the first commit on.</summary>
    public static TimeSpan StartTime { get; } = TimeSpan.FromSeconds(10);

    /// <summary>What a reader of the figures has to know of the servers. Default: nothing.</summary>
    public IReadOnlyList<string> Reservations { get; init; } = [];

    public bool IsClean => Lost == 0 && Doubled == 0;

    /// <param name="orders">Commit times by event id.</param>
    /// <param name="outbox">Statuses by event id.</param>
    public static DemoSummary Create(
        IReadOnlyDictionary<string, DateTimeOffset> orders,
        IReadOnlyDictionary<string, string> outbox,
        IReadOnlyDictionary<string, Effect> effects,
        int received,
        int duplicatesInjected,
        int duplicatesSuppressed)
    {
        var applied = orders.Where(order => effects.ContainsKey(order.Key)).ToArray();
        var startedAt = orders.Values.DefaultIfEmpty().Min() + StartTime;
        var hasLater = applied.Any(order => order.Value >= startedAt);
        var atStart = hasLater ? Latencies(order => order.Value < startedAt) : [];
        var latencies = hasLater ? Latencies(order => order.Value >= startedAt) : Latencies(_ => true);
        return new DemoSummary
        {
            Written = orders.Count,
            Sent = orders.Keys.Count(id => outbox.GetValueOrDefault(id) == "sent"),
            Received = received,
            Effects = applied.Length,
            DuplicatesInjected = duplicatesInjected,
            DuplicatesSuppressed = duplicatesSuppressed,
            Doubled = applied.Sum(order => Math.Max(0, effects[order.Key].Applied - 1)),
            P50Ms = Percentile(latencies, 0.50),
            P99Ms = Percentile(latencies, 0.99),
            SlowestMs = Percentile(latencies, 1),
            SlowestAtStartMs = Percentile(atStart, 1),
        };

        long[] Latencies(Func<KeyValuePair<string, DateTimeOffset>, bool> counts) =>
            [.. applied.Where(counts).Select(order => (long)(effects[order.Key].AppliedAt - order.Value).TotalMilliseconds).Order()];
    }

    public string ToJson() => new JsonObject
    {
        ["written"] = Written,
        ["sent"] = Sent,
        ["effects"] = Effects,
        ["duplicatesInjected"] = DuplicatesInjected,
        ["duplicatesSuppressed"] = DuplicatesSuppressed,
        ["lost"] = Lost,
        ["doubled"] = Doubled,
        ["p50Ms"] = P50Ms,
        ["p99Ms"] = P99Ms,
        ["slowestMs"] = SlowestMs,
        ["slowestAtStartMs"] = SlowestAtStartMs,
        ["reservations"] = new JsonArray([.. Reservations.Select(reservation => (JsonNode)reservation)]),
    }.ToJsonString();

    public string ToText() => $"""

          Orders committed          {Written,8}   each with its event, in one transaction
          Events sent               {Sent,8}
          Messages received         {Received,8}   at least once: some came again
          Effects                   {Effects,8}

          Duplicates injected       {DuplicatesInjected,8}   into the stream and the queue
          Duplicates suppressed     {DuplicatesSuppressed,8}   by the inbox

          Lost                      {Lost,8}
          Doubled                   {Doubled,8}

          Commit to effect          {Milliseconds(P50Ms),8}   median
                                    {Milliseconds(P99Ms),8}   99th percentile
                                    {Milliseconds(SlowestMs),8}   slowest
          In the first {StartTime.TotalSeconds:0} s         {Milliseconds(SlowestAtStartMs),8}   slowest, while the functions start; not counted above

          {(IsClean ? "Every order had its effect exactly once." : "NOT every order had its effect exactly once.")}
        {string.Concat(Reservations.Select(reservation => $"  {reservation}\n"))}
        """;

    private static string Milliseconds(long? value) => value is null ? "-" : $"{value} ms";

    // Nearest rank.
    private static long? Percentile(long[] sorted, double share) =>
        sorted.Length == 0 ? null : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}
