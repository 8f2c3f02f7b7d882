namespace Relaybox.Local.Chaos;

/// <summary>What is done to a stack that works.</summary>
internal sealed record ChaosOptions
{
    /// <summary>Which faults, and when. The same seed chooses the same faults, though not at the same moments.</summary>
    public required int Seed { get; init; }

    /// <summary>After how many kills the faults end, if time is not over before.</summary>
    public int Kills { get; init; } = int.MaxValue;

    /// <summary>For how long there are faults.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause between two of them.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Orders a second, all the while.</summary>
    public double Rate { get; init; } = 15;

    /// <summary>How many ordering keys the orders share.</summary>
    public int Keys { get; init; } = 16;

    /// <summary>How long after the last fault everything may take until it is quiet and whole.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The pause between two kills, where there are to be no other faults; null: faults of all kinds.</summary>
    public TimeSpan? Pause { get; init; }
}
