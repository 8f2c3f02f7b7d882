namespace Relaybox.Simulation.World;

/// <summary>What is known of an event outside of the system: the ledger that everything is compared with.</summary>
internal sealed class Fate(Written written)
{
    internal Written Written { get; } = written;

    /// <summary>Who holds the row's claim; null: nobody.</summary>
    internal string? Owner { get; set; }

    /// <summary>When that claim's lease ends, by its owner's clock.</summary>
    internal DateTimeOffset LeaseUntil { get; set; }

    /// <summary>How many claims of the row have no outcome, the current one among them.</summary>
    internal int Unfinished { get; set; }

    /// <summary>How many copies the broker has taken.</summary>
    internal int Copies { get; set; }

    /// <summary>Whether an acknowledgement has reached a relay.</summary>
    internal bool IsAcknowledged { get; set; }

    /// <summary>How many answers that were no outage told a relay that it was not taken.</summary>
    internal int Refusals { get; set; }

    /// <summary>Whether one of them was final.</summary>
    internal bool IsRejected { get; set; }

    internal DateTimeOffset? FinishedAt { get; set; }

    internal bool IsSkipped { get; set; }

    /// <summary>When the broker took the first copy.</summary>
    internal DateTimeOffset PublishedAt { get; set; }

    internal bool IsDeleted { get; set; }

    /// <summary>When the broker took the first copy of each replay that has the event handled again.</summary>
    internal Dictionary<string, DateTimeOffset> Replays { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether attempts that were used up have been given back.</summary>
    internal bool WasExhausted { get; set; }

    /// <summary>Who holds the claim of the record of a consumer, which is named by <see cref="Checker.NameOf"/>.</summary>
    internal Dictionary<string, string> Holders { get; } = new(StringComparer.Ordinal);

    /// <summary>When those claims' leases end, as far as they were not renewed.</summary>
    internal Dictionary<string, DateTimeOffset> Leases { get; } = new(StringComparer.Ordinal);

    /// <summary>When each consumer's last attempt ended without success, unless it has begun another.</summary>
    internal Dictionary<string, DateTimeOffset> Failures { get; } = new(StringComparer.Ordinal);

    /// <summary>When each consumer succeeded.</summary>
    internal Dictionary<string, DateTimeOffset> Successes { get; } = new(StringComparer.Ordinal);
}
