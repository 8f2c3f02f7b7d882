using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Sessions;

/// <summary>A multi-document transaction of a session.</summary>
internal sealed class ClientTransaction(long number, long startedAt)
{
    private readonly List<long> _cursors = [];

    public long Number => number;

    /// <summary>By the clock's <c>GetTimestamp</c>.</summary>
    public long StartedAt => startedAt;

    public TransactionState State { get; set; } = TransactionState.InProgress;

    /// <summary>The snapshot, taken by the first operation that reads or writes.</summary>
    public StorageTransaction? Storage { get; set; }

    /// <summary>The cursors that were opened in it and end with it.</summary>
    public List<long> Cursors => _cursors;
}
