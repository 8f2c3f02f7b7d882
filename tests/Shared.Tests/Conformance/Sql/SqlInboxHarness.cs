using System.Data.Common;
using Relaybox.Inbox;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An inbox in an SQL database, whose handlers write in a transaction of the database's.</summary>
internal abstract class SqlInboxHarness : InboxHarness
{
    /// <summary>The value of the setting <c>STORE</c>.</summary>
    public abstract string StoreName { get; }

    /// <summary>A statement that takes ten minutes.</summary>
    public abstract string Sleep { get; }

    /// <summary>Whether the server ends a connection on which a statement still runs when its message's transaction is closed.</summary>
    public virtual bool EndsConnectionInUse => true;

    /// <summary>An inbox on a server that is not there.</summary>
    public abstract IInboxRepository CreateRepositoryNowhere();

    /// <summary>The transaction that a handler executes statements in.</summary>
    public abstract Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Enlists a statement that changes nothing.</summary>
    public abstract void EnlistNothing(IMessageTransaction transaction);

    /// <summary>Lets an effect happen, as a handler does it that waits for each statement, unless handlers enlist them here.</summary>
    public abstract Task EnlistEffectAsync(IMessageTransaction transaction, string name);

    /// <summary>Executes a statement in a handler's transaction.</summary>
    public abstract Task ExecuteAsync(IMessageTransaction transaction, string sql, params object[] parameters);

    /// <summary>The server's number of a transaction's connection.</summary>
    public abstract long ConnectionOf(DbTransaction transaction);

    /// <summary>Waits until the server has ended a connection.</summary>
    public abstract Task ConnectionIsGoneAsync(long connection);

    /// <summary>Makes the numbers wrong that rows of the outbox get, so that no row can be written.</summary>
    /// <returns>What a writer is told.</returns>
    public abstract Task<Type> SpoilNumbersAsync();

    /// <summary>Does what Setup does.</summary>
    public abstract Task MigrateAsync();

    /// <summary>Whatever the pool gives out works and commits each statement, and nobody holds a record, an effect or an event.</summary>
    public abstract Task AssertPoolIsSoundAsync();

    /// <summary>Nothing came of the message e-1: no mark, no effect a, no emitted event.</summary>
    public async Task AssertNothingHappenedAsync()
    {
        Assert.False(await Repository.IsProcessedAsync("billing", "e-1", TestContext.Current.CancellationToken));
        Assert.Equal(0, await EffectsAsync("a"));
        Assert.Null(await Outbox.FindAsync("emitted", TestContext.Current.CancellationToken));
    }
}
