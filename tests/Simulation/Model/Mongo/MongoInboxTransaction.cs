using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Simulation.Model;

/// <summary>A handler's transaction, in the steps of the real <c>MongoInboxTransaction</c>.</summary>
internal sealed class MongoInboxTransaction(MongoClient client, MongoInbox inbox, InboxClaim.Claimed claim) : IInboxTransaction, IModelTransaction
{
    private const int MaxTries = 8;

    private readonly ErrorWatch _errors = ErrorWatch.Start(MongoFailure.NameOfRefusal);
    private readonly List<string> _effects = [];
    private readonly List<OutboxEvent> _emitted = [];
    private MongoSession? _handlers;
    private bool _isPossible = true;
    private bool _isClosed;

    private MongoServer Server => client.Server;

    public void Enlist(string effect)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        _effects.Add(effect);
    }

    public void EnlistImpossible() => _isPossible = false;

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        ObjectDisposedException.ThrowIf(_isClosed, this);
        _emitted.Add(outboxEvent);
    }

    /// <summary>Writes an effect at once, on the session of the transaction.</summary>
    internal Task WriteAsync(string effect, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return WriteAsync(_handlers ??= client.Begin(), effect, cancellationToken);
    }

    /// <summary>Executes a statement that the server refuses.</summary>
    internal Task RefuseAsync(CancellationToken cancellationToken) => RefuseAsync(_handlers ??= client.Begin(), cancellationToken);

    public bool TryCloseEmpty()
    {
        _isClosed = _handlers is null && _effects.Count == 0 && _emitted.Count == 0 && _isPossible;
        return _isClosed;
    }

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        if (TryCloseEmpty())
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        _isClosed = true;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await CommitOnceAsync(cancellationToken);
            }
            catch (MongoFailure e) when (e.EndsTransaction && _handlers is null && attempt < MaxTries && !cancellationToken.IsCancellationRequested)
            {
                await client.PauseAsync(attempt, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        if (_handlers is { } session)
        {
            await session.AbortAsync();
        }
    }

    private async Task<CommitOutcome> CommitOnceAsync(CancellationToken cancellationToken)
    {
        if (_handlers is { } handlers)
        {
            try
            {
                return await CommitAsync(handlers, cancellationToken);
            }
            catch (MongoFailure e) when (e.EndsTransaction)
            {
                // A late worker's transaction does not see that another has taken the record since it began: it meets it here.
                await handlers.AbortAsync();
                if (await inbox.ReadOwnAsync(claim, cancellationToken) != InboxStatus.Processing)
                {
                    return CommitOutcome.ClaimLost;
                }

                throw;
            }
        }

        var own = client.Begin();
        try
        {
            return await CommitAsync(own, cancellationToken);
        }
        finally
        {
            await own.AbortAsync();
        }
    }

    private async Task<CommitOutcome> CommitAsync(MongoSession session, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var effect in _effects)
            {
                await WriteAsync(session, effect, cancellationToken);
            }

            if (!_isPossible)
            {
                await RefuseAsync(session, cancellationToken);
            }

            foreach (var outboxEvent in _emitted)
            {
                await MongoInsert.InsertAsync(session, Server, outboxEvent, cancellationToken);
            }

            // The mark comes last: the record is then held for the commit alone.
            if (!await session.ExecuteAsync($"inbox.mark {claim.EventId} for {claim.Consumer}", Mark, cancellationToken))
            {
                return CommitOutcome.ClaimLost;
            }
        }
        catch (MongoFailure e) when (e.Code == MongoFailure.DuplicateKey)
        {
            return await RefusedAsync(session, CommitOutcome.EnlistedConditionFailed, cancellationToken);
        }
        catch (MongoFailure e) when (_errors.Last is not null && e.Code == MongoFailure.NoSuchTransaction)
        {
            return await RefusedAsync(session, CommitOutcome.StatementFailed, cancellationToken);
        }

        try
        {
            await session.CommitAsync(cancellationToken);
            return CommitOutcome.Committed;
        }
        catch (MongoFailure e) when (!e.EndsTransaction)
        {
            // Nobody knows; the record does, once no transaction has it any more.
            switch (await inbox.ReadOwnAsync(claim, cancellationToken))
            {
                case InboxStatus.Processed:
                    return CommitOutcome.Committed;
                case null:
                    return CommitOutcome.ClaimLost;
                default:
                    throw;
            }
        }
    }

    private Task WriteAsync(MongoSession session, string effect, CancellationToken cancellationToken) => session.ExecuteAsync(
        $"effects.write {effect}",
        transaction =>
        {
            Server.Write(transaction, DocumentId.Effect(effect), changes: true, () => Server.Inbox.AddEffect(effect));
            return ++transaction.Effects;
        },
        cancellationToken);

    private Task RefuseAsync(MongoSession session, CancellationToken cancellationToken) => session.ExecuteAsync(
        "effects.refused",
        transaction =>
        {
            Server.Refuse(transaction);
            return true;
        },
        cancellationToken);

    private bool Mark(MongoTransaction transaction)
    {
        if (Server.RecordAt(transaction, claim.Key) is not { Parsed: InboxStatus.Processing } record || record.Token != claim.Token)
        {
            return false;
        }

        Server.Write(
            transaction,
            DocumentId.Record(claim.Key),
            changes: true,
            () => Server.Inbox.Complete(claim, transaction.Effects, _emitted, Server.Now));
        return true;
    }

    private async Task<CommitOutcome> RefusedAsync(MongoSession session, CommitOutcome reason, CancellationToken cancellationToken)
    {
        await session.AbortAsync();
        return await inbox.ReadOwnAsync(claim, cancellationToken) == InboxStatus.Processing ? reason : CommitOutcome.ClaimLost;
    }
}
