using System.Globalization;

namespace Relaybox.Simulation.Engine;

/// <summary>What happened, as a hash that is the same wherever the same happened; as text, too, where that is asked for.</summary>
internal sealed class Trace(bool keepsText)
{
    private const ulong Prime = 0x100000001B3;

    internal ulong Hash { get; private set; } = 0xCBF29CE484222325;

    internal List<string> Lines { get; } = [];

    internal void Add(TimeSpan at, string who, string what, string? which = null)
    {
        Add((ulong)at.Ticks);
        Add(who);
        Add(what);
        Add(which);
        if (keepsText)
        {
            Lines.Add($"{Clock(at)} {who} {what}{(which is null ? "" : " ")}{which}");
        }
    }

    internal static string Clock(TimeSpan at) => at.ToString(@"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture);

    private void Add(string? text)
    {
        foreach (var c in text ?? "")
        {
            Add(c);
        }
    }

    private void Add(ulong value) => Hash = (Hash ^ value) * Prime;
}
