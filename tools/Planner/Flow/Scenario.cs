using Relaybox.Local;

namespace Relaybox.Planner.Flow;

/// <summary>What happens to a stack over time. Times are in seconds from the beginning.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="Load">How many events a second are written at a time.</param>
internal sealed record Scenario(string Name, int Seconds, Func<int, double> Load)
{
    private const int Hour = 3600;

    public static IReadOnlyList<string> Names { get; } = ["steady", "curve", "outage", "crash"];

    /// <summary>When the broker can be reached by nobody: from, and until before.</summary>
    public (int From, int Until) Outage { get; init; }

    /// <summary>When every relay is killed with a batch in its hands; null: never.</summary>
    public int? CrashAt { get; init; }

    /// <summary>A scenario by its name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="rate">Events a second: all the time, or at the peak of the curve.</param>
    /// <exception cref="RunnerException">There is none of this name.</exception>
    public static Scenario Of(string name, double rate) => name switch
    {
        "steady" => new(name, Hour / 2, _ => rate),

        // A day: a quarter of the rate in the night, all of it in the afternoon, and in the evening ten minutes of half as much again.
        "curve" => new(name, 24 * Hour, second => second is >= 20 * Hour and < (20 * Hour) + 600
            ? rate * 1.5
            : rate * (0.625 - (0.375 * Math.Cos(2 * Math.PI * ((double)second / Hour - 3) / 24)))),

        "outage" => new(name, 6 * Hour, _ => rate) { Outage = (Hour / 2, Hour / 2 + Hour) },

        "crash" => new(name, Hour / 4, _ => rate) { CrashAt = 300 },
        _ => throw new RunnerException($"there is no such scenario. Known: {string.Join(", ", Names)}."),
    };

    public bool IsOut(int second) => second >= Outage.From && second < Outage.Until;
}
