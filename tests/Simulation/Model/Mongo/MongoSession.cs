namespace Relaybox.Simulation.Model;

/// <summary>A session with a transaction, as the driver and the store use it.</summary>
internal sealed class MongoSession(MongoClient client, Func<string, bool>? strikes)
{
    // After so many commits without an answer the caller's patience is over.
    private const int MostCommits = 2;

    private MongoTransaction? _transaction;

    // Whether the server has said that the transaction has ended.
    private bool _isOver;

    private MongoServer Server => client.Server;

    /// <summary>Sends a statement of the transaction.</summary>
    internal async Task<T> ExecuteAsync<T>(string what, Func<MongoTransaction, T> statement, CancellationToken cancellationToken)
    {
        return await SendAsync(what, Execute, MongoFailure.TransientTransaction, cancellationToken);

        T Execute()
        {
            StepDown();
            var transaction = _transaction ??= Server.Begin();
            Server.Require(transaction);
            return statement(transaction);
        }
    }

    /// <summary>Commits. A commit without an answer is sent again, for as long as the caller has patience.</summary>
    /// <exception cref="MongoFailure">The transaction is not committed, or nobody knows.</exception>
    internal async Task CommitAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (_isOver)
                {
                    Server.ObjectTo("a transaction is committed that the server has said to have ended");
                }

                await SendAsync("commit", Commit, MongoFailure.UnknownCommit, cancellationToken);
                return;
            }
            catch (MongoFailure e) when (e.IsUnknownCommit && attempt < MostCommits)
            {
                await client.PauseAsync(attempt, cancellationToken);
            }
            catch (MongoFailure e) when (e.IsUnknownCommit)
            {
                // Where the commit has not reached the server, the transaction would hold its documents for a minute.
                await AbortAsync();
                throw;
            }
        }

        bool Commit()
        {
            StepDown();
            if (_transaction is { } transaction)
            {
                Server.Commit(transaction);
            }

            return true;
        }
    }

    /// <summary>Rolls back what is not committed. Where that does not get through, the server does it in time.</summary>
    internal async Task AbortAsync()
    {
        if (_transaction is not { } transaction)
        {
            return;
        }

        try
        {
            await client.CallAsync("abort", Abort, null, CancellationToken.None);
        }
        catch (MongoFailure)
        {
            // The server ends it then.
        }

        bool Abort()
        {
            Server.Abort(transaction);
            return true;
        }
    }

    private async Task<T> SendAsync<T>(string what, Func<T> apply, string labelOfNoAnswer, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(what, apply, labelOfNoAnswer, cancellationToken);
        }
        catch (MongoFailure e) when (e.EndsTransaction && e.Code != MongoFailure.NoAnswer)
        {
            _isOver = true;
            throw;
        }
    }

    private void StepDown()
    {
        if (strikes?.Invoke("the primary steps down") == true)
        {
            Server.FailOver();
        }
    }
}
