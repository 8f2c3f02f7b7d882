using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>A transaction that somebody else's code writes in, on a session of its own.</summary>
internal sealed class SessionTransaction : IDisposable
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenCommits = TimeSpan.FromMilliseconds(100);

    private readonly MongoCollections _database;
    private readonly long _number;

    private SessionTransaction(MongoCollections database, IClientSessionHandle session) =>
        (_database, Session, _number) = (database, session, session.WrappedCoreSession.CurrentTransaction.TransactionNumber);

    internal IClientSessionHandle Session { get; }

    internal IMongoDatabase Database => _database.Database;

    internal static async Task<SessionTransaction> BeginAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var session = await database.Client.StartSessionAsync(cancellationToken: cancellationToken);
        try
        {
            session.StartTransaction(MongoCollections.Transactions);
            return new SessionTransaction(database, session);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <exception cref="TransactionEndedException">The session is in no transaction, or in another one.</exception>
    internal void ThrowIfEnded()
    {
        try
        {
            if (Session.IsInTransaction && Session.WrappedCoreSession.CurrentTransaction?.TransactionNumber == _number)
            {
                return;
            }
        }
        catch (ObjectDisposedException)
        {
            // Somebody has disposed what is not theirs.
        }

        throw new TransactionEndedException();
    }

    /// <summary>Commits. A commit without an answer is repeated for as long as the caller waits: it takes effect once.</summary>
    /// <param name="time">The clock of the waits in between.</param>
    /// <param name="patience">Ends the repetition.</param>
    /// <exception cref="MongoException">
    /// The transaction is not committed (label <see cref="MongoFaults.TransientTransaction"/>), or nobody knows
    /// (<see cref="MongoFaults.UnknownCommit"/>).
    /// </exception>
    internal async Task CommitAsync(TimeProvider time, CancellationToken patience)
    {
        while (true)
        {
            try
            {
                await Session.CommitTransactionAsync(patience);
                return;
            }
            catch (MongoException e) when (e.HasErrorLabel(MongoFaults.UnknownCommit) && !patience.IsCancellationRequested
                && e is not MongoExecutionTimeoutException)
            {
                // The driver itself has sent it twice. It waits for a primary before it sends it again.
                await Task.Delay(BetweenCommits, time, patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (patience.IsCancellationRequested)
                {
                    await KillAsync();
                    throw;
                }
            }
            catch (Exception e) when (!MongoFaults.HasLabel(e, MongoFaults.TransientTransaction))
            {
                // Where the commit has not reached the server, the transaction would hold its documents for a minute.
                await KillAsync();
                throw;
            }
        }
    }

    /// <summary>Rolls back what is not committed.</summary>
    internal async Task AbortAsync()
    {
        using var patience = new CancellationTokenSource(KillPatience);
        try
        {
            if (Session.IsInTransaction)
            {
                await Session.AbortTransactionAsync(patience.Token);
            }
        }
        catch (Exception e) when (e is MongoException or TimeoutException or OperationCanceledException or InvalidOperationException)
        {
            // The server ends it then, when the session's time is over.
        }
    }

    /// <summary>
    /// Ends the transaction from outside, because the code that has the session is still running and may use it at any moment; the
    /// session is closed when that code has ended.
    /// </summary>
    internal async Task LeaveToAsync(Task owner)
    {
        await KillAsync();
        _ = CloseAfterAsync(owner);
    }

    /// <inheritdoc />
    public void Dispose() => Session.Dispose();

    // What it has written is then free for others, who would otherwise wait for the end of its time. What is committed stays.
    private async Task KillAsync()
    {
        using var patience = new CancellationTokenSource(KillPatience);
        try
        {
            await _database.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
                new BsonDocument("killSessions", new BsonArray { Session.ServerSession.Id }), cancellationToken: patience.Token);
        }
        catch (Exception e) when (e is MongoException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // The server ends it then, when the transaction's time is over.
        }
    }

    private async Task CloseAfterAsync(Task owner)
    {
        await owner.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Dispose();
    }
}
