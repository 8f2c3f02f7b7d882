using System.Globalization;

namespace Relaybox.Operations;

/// <summary>What it means that another clock differs from this machine's.</summary>
internal static class ClockSkew
{
    /// <summary>The name of the checks.</summary>
    internal const string Name = "clock";

    private static readonly TimeSpan Tolerated = TimeSpan.FromSeconds(5);

    // AWS refuses signatures that are five minutes off.
    private static readonly TimeSpan Refused = TimeSpan.FromMinutes(4);

    /// <summary>Judges a time that another clock has told.</summary>
    /// <param name="before">When it was asked, by this machine's clock.</param>
    /// <param name="told">The other clock's time.</param>
    /// <param name="after">When it had answered, by this machine's clock.</param>
    /// <param name="whose">Whose clock the other is.</param>
    internal static IReadOnlyList<Finding> Judge(DateTimeOffset before, DateTimeOffset told, DateTimeOffset after, string whose)
    {
        var skew = told < before ? told - before : told > after ? told - after : TimeSpan.Zero;
        if (skew.Duration() <= Tolerated)
        {
            return [];
        }

        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"The clock of {whose} is {skew.Duration().TotalSeconds:0} s {(skew > TimeSpan.Zero ? "ahead of" : "behind")} this machine's.");
        const string Advice =
            "Let both follow a time server; `chronyc tracking` or `timedatectl` on each says whether it does. Until then rows are relayed "
            + "early or late, claims end early or late, and AWS may refuse signatures.";
        return [skew.Duration() < Refused ? Finding.Warning($"{Name}.skew", text, Advice) : Finding.Problem($"{Name}.skew", text, Advice)];
    }
}
