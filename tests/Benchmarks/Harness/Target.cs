using System.Globalization;

namespace Relaybox.Benchmarks.Harness;

/// <summary>What a figure should reach.</summary>
/// <param name="Least">The least that will do; null: any will do.</param>
/// <param name="Most">The most that will do; null: any will do.</param>
internal sealed record Target(double? Least, double? Most)
{
    public static Target AtLeast(double least) => new(least, null);

    public static Target AtMost(double most) => new(null, most);

    public static Target Exactly(double value) => new(value, value);

    public bool IsMetBy(double value) => !(value < Least) && !(value > Most);

    public override string ToString() =>
        Least == Most ? Figure.Text(Least!.Value)
        : Least is { } least ? $"≥ {Figure.Text(least)}"
        : $"≤ {Figure.Text(Most!.Value)}";
}

/// <summary>Figures as people read them.</summary>
internal static class Figure
{
    public static string Text(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
