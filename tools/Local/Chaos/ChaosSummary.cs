using System.Globalization;
using System.Text;

namespace Relaybox.Local.Chaos;

/// <summary>What came of a run with faults. Orders are those of the app's own table; the ledger is kept outside of the system.</summary>
internal sealed record ChaosSummary
{
    public required int Seed { get; init; }

    /// <summary>How often each fault was caused, by its name.</summary>
    public required IReadOnlyDictionary<string, int> Faults { get; init; }

    /// <summary>Orders in the app's table.</summary>
    public required int Orders { get; init; }

    /// <summary>Orders of the ledger that the database said to have committed, and has not.</summary>
    public required int Forgotten { get; init; }

    /// <summary>Orders without an effect, and replays with fewer effects than events.</summary>
    public required IReadOnlyList<string> Lost { get; init; }

    /// <summary>Messages that the consumer gave up, each with its reason.</summary>
    public required IReadOnlyList<string> DeadLetters { get; init; }

    /// <summary>Effects that happened more than once: of an order, or of one replay of it.</summary>
    public required IReadOnlyList<string> Doubled { get; init; }

    /// <summary>Rows or effects without an order: of transactions that were rolled back.</summary>
    public required IReadOnlyList<string> Phantoms { get; init; }

    /// <summary>Rows that are not sent.</summary>
    public required IReadOnlyList<string> Unsent { get; init; }

    /// <summary>Events that were published before an earlier one of their ordering key; null where the order cannot be seen.</summary>
    public required IReadOnlyList<string>? OutOfOrder { get; init; }

    /// <summary>Parked rows that are gone, beyond those that an operator has purged.</summary>
    public required long Vanished { get; init; }

    /// <summary>What an operator has done.</summary>
    public required ChaosOperations Operations { get; init; }

    /// <summary>From the last fault until everything was quiet.</summary>
    public required TimeSpan Healed { get; init; }

    /// <summary>The memory of the functions' processes, together, at the beginning and at the end.</summary>
    public required (double FirstMebibytes, double LastMebibytes) Memory { get; init; }

    public bool IsClean =>
        Orders > 0 && Forgotten == 0 && Lost.Count == 0 && DeadLetters.Count == 0 && Doubled.Count == 0 && Phantoms.Count == 0 && Unsent.Count == 0
        && Vanished <= 0 && Operations.HaveEnded && OutOfOrder is null or [];

    public string ToText()
    {
        var text = new StringBuilder();
        Line("Seed", $"{Seed}");
        Line(
            "Faults",
            string.Join(
                ", ",
                Faults.OrderByDescending(fault => fault.Value)
                    .ThenBy(fault => fault.Key, StringComparer.Ordinal)
                    .Select(fault => $"{fault.Key} {fault.Value}")));
        Line("Orders committed", $"{Orders}");
        Line("Forgotten by the database", $"{Forgotten}");
        Line("Lost", Some(Lost));
        Line("Given up by the consumer", Some(DeadLetters));
        Line("Doubled", Some(Doubled));
        Line("Published without an order", Some(Phantoms));
        Line("Not sent", Some(Unsent));
        Line("Out of their key's order", OutOfOrder is null ? "not visible with this store and broker" : Some(OutOfOrder));
        Line("Sent again by an operator", $"{Operations.SentAgain}");
        Line("Reprocessed by an operator", $"{Operations.Reprocessed}: each has one effect more, and no second one");
        Line("Purged by an operator", $"{Operations.Purged}{(Vanished > 0 ? $", and {Vanished} more are gone" : "")}");
        Line("Operations", $"{Operations.Count}{(Operations.HaveEnded ? "" : ", and not all have ended")}");
        Line("Whole again after", $"{Healed.TotalSeconds:0.0} s");
        Line("Memory of the functions", $"{Memory.FirstMebibytes:0} MiB, then {Memory.LastMebibytes:0} MiB");
        return text.ToString();

        void Line(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"  {name,-28}{value}\n");
    }

    private static string Some(IReadOnlyList<string> ids) =>
        ids.Count == 0 ? "0" : $"{ids.Count}: {string.Join(", ", ids.Take(5))}{(ids.Count > 5 ? ", ..." : "")}";
}
