namespace Relaybox.MongoDouble.Storage;

/// <summary>
/// A view of the data as of one commit, and the writes made in it. A single write outside of a client's transaction has one of
/// its own; a read has one that it throws away.
/// </summary>
internal sealed class StorageTransaction(ulong snapshot)
{
    /// <summary>The last commit that it sees.</summary>
    public ulong Snapshot => snapshot;

    /// <summary>The records that it holds.</summary>
    public List<(Collection Collection, Record Record)> Held { get; } = [];

    /// <summary>Its steps.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>The collections that it has created, which nobody else sees.</summary>
    public Dictionary<string, Collection> Created { get; } = new(StringComparer.Ordinal);

    /// <summary>What takes its changes of definitions back, which have no versions; the last comes first.</summary>
    public Stack<Action> Undo { get; } = [];

    public bool HasEnded { get; set; }

    public bool HasWritten => Changes.Count > 0;
}
