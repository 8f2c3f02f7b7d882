using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>A handler's transaction on the model inbox.</summary>
internal sealed class ModelInboxTransaction(ModelInbox inbox, InboxClaim.Claimed claim) : IInboxTransaction
{
    private readonly List<string> _effects = [];
    private readonly List<OutboxEvent> _emitted = [];
    private bool _possible = true;

    internal void Enlist(string effect) => _effects.Add(effect);

    internal void EnlistImpossible() => _possible = false;

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
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
