using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Sessions;

/// <summary>The sessions and their transactions. Used under the store's gate.</summary>
internal sealed class SessionRegistry(DataStore store, TimeSpan transactionLifetime)
{
    private static readonly TimeSpan SessionLifetime = TimeSpan.FromMinutes(30);

    private readonly Dictionary<BsonValue, Session> _sessions = [];

    /// <summary>The session of a command's <c>lsid</c>.</summary>
    /// <exception cref="ServerException">The <c>lsid</c> names no session.</exception>
    public Session Get(BsonValue lsid)
    {
        if (lsid is not BsonDocument document || !document.TryGetValue("id", out var id))
        {
            throw ServerErrors.Missing("OperationSessionInfo.lsid", "id");
        }

        if (id is not BsonBinaryData { SubType: BsonBinarySubType.UuidStandard })
        {
            throw ServerErrors.TypeMismatch("BSON field 'OperationSessionInfo.lsid.id' is the wrong binData type, expected type 'UUID'");
        }

        return Find(id);
    }

    /// <summary>What a journal says that a session has done.</summary>
    public void Restore(SessionMark mark)
    {
        var session = Find(mark.SessionId);
        if (mark.Number > session.LastNumber)
        {
            (session.LastNumber, session.Transaction) = (mark.Number, null);
            session.Statements.Clear();
        }

        if (mark.Result is { } result)
        {
            session.Statements[mark.Statement] = result;
        }
        else
        {
            session.Transaction = new ClientTransaction(mark.Number, store.Clock.GetTimestamp()) { State = TransactionState.Committed };
        }
    }

    /// <summary>Begins a number; an open transaction of an older number ends.</summary>
    /// <exception cref="ServerException">A newer number has been seen.</exception>
    public void Advance(Session session, long number, bool isTransaction)
    {
        if (number < session.LastNumber)
        {
            throw new ServerException(
                225,
                "TransactionTooOld",
                isTransaction
                    ? $"Cannot start transaction with {{ txnNumber: {number} }} on session because a newer transaction "
                        + $"with txnNumber {session.LastNumber} has already started on this session."
                    : $"Retryable write with txnNumber {number} is prohibited on session because a newer retryable write with txnNumber "
                        + $"{session.LastNumber} has already started on this session.");
        }

        if (number == session.LastNumber)
        {
            return;
        }

        Abort(session);
        (session.LastNumber, session.Transaction) = (number, null);
        session.Statements.Clear();
    }

    /// <summary>Ends the session's open transaction, if it has one, without its writes.</summary>
    public void Abort(Session session)
    {
        if (session.Transaction is { State: TransactionState.InProgress } transaction)
        {
            transaction.State = TransactionState.Aborted;
            if (transaction.Storage is { } storage)
            {
                store.Abort(storage);
            }
        }
    }

    public void AbortAll()
    {
        foreach (var session in _sessions.Values)
        {
            Abort(session);
        }
    }

    public void End(BsonValue lsid)
    {
        if (lsid is BsonDocument document && document.TryGetValue("id", out var id) && _sessions.TryGetValue(id, out var session) && !session.IsBusy)
        {
            // The server keeps what a retry needs; only the open transaction ends.
            Abort(session);
        }
    }

    /// <summary>Ends what has lived too long.</summary>
    public void Expire()
    {
        foreach (var session in _sessions.Values.ToArray())
        {
            if (session.Transaction is { State: TransactionState.InProgress } transaction
                && store.Clock.GetElapsedTime(transaction.StartedAt) > transactionLifetime)
            {
                Abort(session);
            }

            if (!session.IsBusy && store.Clock.GetElapsedTime(session.LastUse) > SessionLifetime)
            {
                _sessions.Remove(session.Id);
            }
        }
    }

    private Session Find(BsonValue id)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            _sessions.Add(id, session = new Session(id));
        }

        session.LastUse = store.Clock.GetTimestamp();
        return session;
    }
}
