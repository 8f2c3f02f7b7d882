using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// An empty inbox of its own in a store, for one test, beside an outbox for emitted events and a place where handlers
/// leave their effects. What <see cref="IInboxRepository"/> cannot do is done here by hand.
/// </summary>
internal abstract class InboxHarness : IAsyncDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public abstract IInboxRepository Repository { get; }

    /// <summary>The store's time.</summary>
    public abstract DateTimeOffset Now { get; }

    /// <summary>Where emitted events go.</summary>
    public abstract IOutboxRepository Outbox { get; }

    /// <summary>Another process on the same records.</summary>
    public abstract IInboxRepository CreateRepository();

    /// <summary>Lets time pass, for the store and every repository.</summary>
    public abstract Task PassAsync(TimeSpan time);

    /// <summary>Writes a record by hand, past the repository.</summary>
    public abstract Task WriteAsync(RawRecord record);

    /// <summary>Deletes a record by hand.</summary>
    public abstract Task DeleteAsync(string consumer, string eventId);

    /// <summary>Everything that the store holds of a record, as text; null where there is nothing.</summary>
    public abstract Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId);

    /// <summary>Enlists an effect: a counter of this name goes up by one, if the transaction commits.</summary>
    public abstract void EnlistEffect(IMessageTransaction transaction, string name);

    /// <summary>The same, as a handler does it that waits for its writes, unless handlers enlist them here.</summary>
    public virtual Task EnlistEffectAsync(IMessageTransaction transaction, string name)
    {
        EnlistEffect(transaction, name);
        return Task.CompletedTask;
    }

    /// <summary>Enlists a write whose condition cannot hold.</summary>
    public abstract void EnlistImpossible(IMessageTransaction transaction, string name);

    /// <summary>How often an effect has happened.</summary>
    public abstract Task<int> EffectsAsync(string name);

    /// <summary>All came of the message e-1: the mark, one effect a, and the emitted event.</summary>
    public async Task AssertAllHappenedAsync()
    {
        Assert.Equal(InboxStatus.Processed, (await Repository.FindAsync("billing", "e-1", Ct))!.Status);
        Assert.Equal(1, await EffectsAsync("a"));
        Assert.NotNull(await Outbox.FindAsync("emitted", Ct));
    }

    /// <summary>Nothing came of the message e-1: no mark, no effect a, no emitted event.</summary>
    /// <param name="status">The record's status; null: whatever it is.</param>
    public async Task AssertNothingHappenedAsync(InboxStatus? status = null)
    {
        var own = (await Repository.FindAsync("billing", "e-1", Ct))!.Status;
        Assert.NotEqual(InboxStatus.Processed, own);
        Assert.Equal(status ?? own, own);
        Assert.Equal(0, await EffectsAsync("a"));
        Assert.Null(await Outbox.FindAsync("emitted", Ct));
    }

    public abstract ValueTask DisposeAsync();
}
