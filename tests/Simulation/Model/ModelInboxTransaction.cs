using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Simulation.Model;

/// <summary>A handler's transaction on the model inbox.</summary>
internal sealed class ModelInboxTransaction(ModelInbox inbox, InboxClaim.Claimed claim) : IInboxTransaction, IModelTransaction
{
    private readonly List<string> _effects = [];
    private readonly List<OutboxEvent> _emitted = [];
    private bool _possible = true;
    private bool _closed;

    public void Enlist(string effect)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        _effects.Add(effect);
    }

    public void EnlistImpossible() => _possible = false;

    public bool TryCloseEmpty()
    {
        _closed = !inbox.IsOneByOne && _effects.Count == 0 && _emitted.Count == 0 && _possible;
        return _closed;
    }

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        ObjectDisposedException.ThrowIf(_closed, this);
        _emitted.Add(outboxEvent);
    }

    public Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        // What the handler enlists after this was not part of it.
        string[] effects = [.. _effects];
        OutboxEvent[] emitted = [.. _emitted];
        return inbox.Server.CallAsync(
            $"inbox.commit {claim.EventId} for {claim.Consumer}",
            () => inbox.Table.Commit(claim, effects, emitted, _possible, inbox.Server.Now, inbox.DueAtOnce),
            cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
