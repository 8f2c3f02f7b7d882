namespace Relaybox.Simulation.Model;

/// <summary>A transaction on the server: what it sees, and what it will have changed once it commits.</summary>
/// <param name="snapshot">The time of what it sees.</param>
/// <param name="term">Under which primary it runs.</param>
/// <param name="until">When the server ends it, if nothing is heard of it.</param>
internal sealed class MongoTransaction(long snapshot, int term, DateTimeOffset until)
{
    internal long Snapshot { get; } = snapshot;

    internal int Term { get; } = term;

    internal DateTimeOffset Until { get; } = until;

    internal bool HasEnded { get; set; }

    internal bool IsCommitted { get; set; }

    /// <summary>What the commit does, in the order of the statements.</summary>
    internal List<Action> Changes { get; } = [];

    /// <summary>The documents that it has written, which nobody else can write before it ends.</summary>
    internal List<DocumentId> Documents { get; } = [];

    /// <summary>The numbers that it has taken from counters.</summary>
    internal Dictionary<string, long> Numbers { get; } = new(StringComparer.Ordinal);

    /// <summary>The effects among its writes.</summary>
    internal int Effects { get; set; }
}
