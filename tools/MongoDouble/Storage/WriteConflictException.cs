namespace Relaybox.MongoDouble.Storage;

/// <summary>
/// A document is held by another open transaction, or has changed since this one's snapshot. A multi-document transaction fails with it;
/// a single write waits for the holder and begins again.
/// </summary>
internal sealed class WriteConflictException(StorageTransaction? holder) : Exception
{
    public StorageTransaction? Holder => holder;
}
