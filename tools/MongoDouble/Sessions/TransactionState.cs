namespace Relaybox.MongoDouble.Sessions;

internal enum TransactionState
{
    InProgress,
    Committed,
    Aborted,
}
