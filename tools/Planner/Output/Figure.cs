using System.Globalization;

namespace Relaybox.Planner.Output;

/// <summary>Figures as people read them, the same everywhere.</summary>
internal static class Figure
{
    public static string Of(double value) => value switch
    {
        >= 1e9 => (value / 1e9).ToString("#,0.#", CultureInfo.InvariantCulture) + " billion",
        >= 1e6 => (value / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + " million",
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    public static string Dollars(double value) =>
        $"${(value >= 1e6 ? Of(value) : value.ToString(value >= 100 ? "N0" : "0.00", CultureInfo.InvariantCulture))}";

    public static string Time(double seconds) => seconds switch
    {
        < 1 => "< 1 s",
        < 120 => $"{seconds:0} s",
        < 7200 => $"{(seconds / 60).ToString("0.#", CultureInfo.InvariantCulture)} min",
        _ => $"{(seconds / 3600).ToString("0.#", CultureInfo.InvariantCulture)} h",
    };

    public static string Clock(int second) => string.Create(CultureInfo.InvariantCulture, $"{second / 3600}:{second / 60 % 60:00}:{second % 60:00}");
}
