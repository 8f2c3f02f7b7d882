using Relaybox.Benchmarks.Harness;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores;

/// <summary>A way to relay from a store.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="AfterSending">What becomes of sent rows.</param>
/// <param name="Mode">How rows are held while they are published.</param>
internal sealed record RelayWay(string Name, AfterSending AfterSending, RelayMode Mode)
{
    /// <summary>Whether the bare loop does the same writes.</summary>
    public bool IsBare => (AfterSending, Mode) == (AfterSending.Keep, RelayMode.Lease);

    /// <summary>What the ratio to the naive loop should reach.</summary>
    public Target? OfNaiveLoop { get; init; }

    /// <summary>What should not cost more, by the names of <see cref="Cost"/>, and the row of the table of targets.</summary>
    public IReadOnlyDictionary<string, (Target Target, string Row)> Costs { get; init; } = new Dictionary<string, (Target, string)>();
}
