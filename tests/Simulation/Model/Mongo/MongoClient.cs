namespace Relaybox.Simulation.Model;

/// <summary>A process's way to the model of MongoDB: each statement is a call of its own, between which others run.</summary>
/// <param name="server">The server.</param>
/// <param name="wire">The way there.</param>
/// <param name="strikes">Whether something goes wrong on the server.</param>
internal sealed class MongoClient(MongoServer server, IServer wire, Func<string, bool>? strikes = null)
{
    private const int MaxTries = 5;

    // For how long a statement waits for what a transaction holds, and how often it looks.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    internal MongoServer Server => server;

    /// <summary>The rows that the change stream has told this process of.</summary>
    internal HashSet<string> Heard { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes a call, which knows which try it is; again where its failure is transient.</summary>
    internal async Task<T> RunAsync<T>(Func<int, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(attempt);
            }
            catch (MongoFailure e) when (attempt < MaxTries && e.IsTransient && !cancellationToken.IsCancellationRequested)
            {
                await PauseAsync(attempt, cancellationToken);
            }
        }
    }

    /// <summary>A pause before the next try.</summary>
    internal Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        wire.WaitAsync(TimeSpan.FromMilliseconds(100 * attempt), cancellationToken);

    /// <summary>Sends a command.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="apply">What the server does.</param>
    /// <param name="labelOfNoAnswer">The driver's label where no answer comes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<T> CallAsync<T>(string what, Func<T> apply, string? labelOfNoAnswer, CancellationToken cancellationToken)
    {
        try
        {
            return await wire.CallAsync(what, apply, cancellationToken);
        }
        catch (HttpRequestException)
        {
            throw new MongoFailure(MongoFailure.NoAnswer, labelOfNoAnswer);
        }
    }

    /// <summary>Reads.</summary>
    internal Task<T> FindAsync<T>(string what, Func<T> find, CancellationToken cancellationToken) => CallAsync(what, find, null, cancellationToken);

    /// <summary>
    /// Updates documents, each by itself: where one of them is held by a transaction the statement waits, and the others are updated. A
    /// failover can come in the middle.
    /// </summary>
    /// <param name="what">What it is.</param>
    /// <param name="ids">The documents.</param>
    /// <param name="update">Updates one, if it matches; whether it does.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many matched.</returns>
    internal async Task<int> UpdateAsync(
        string what, IEnumerable<DocumentId> ids, Func<DocumentId, bool> update, CancellationToken cancellationToken)
    {
        List<DocumentId> left = [.. ids];
        var matched = 0;
        await UntilDoneAsync(what, Execute, cancellationToken);
        return matched;

        bool Execute()
        {
            if (strikes?.Invoke("the primary steps down in the middle of an update") == true)
            {
                UpdateFree(left[..(left.Count / 2)]);
                server.FailOver();
                throw new MongoFailure(MongoFailure.NotPrimary);
            }

            left.RemoveAll(UpdateFree([.. left]).Contains);
            return left.Count == 0;
        }

        HashSet<DocumentId> UpdateFree(List<DocumentId> some)
        {
            HashSet<DocumentId> free = [.. some.Where(id => !server.IsHeld(id))];
            foreach (var id in free)
            {
                matched += update(id) ? 1 : 0;
                server.Note(id);
            }

            return free;
        }
    }

    /// <summary>Changes many documents, once no transaction holds one of them.</summary>
    internal async Task<T> UpdateAllAsync<T>(
        string what, Func<IEnumerable<DocumentId>> documents, Func<T> change, CancellationToken cancellationToken)
    {
        var result = default(T)!;
        await UntilDoneAsync(what, Execute, cancellationToken);
        return result;

        bool Execute()
        {
            DocumentId[] all = [.. documents()];
            if (all.Any(server.IsHeld))
            {
                return false;
            }

            result = change();
            foreach (var id in all)
            {
                server.Note(id);
            }

            return true;
        }
    }

    /// <summary>Begins a transaction on a session of its own. The server hears of it with its first statement.</summary>
    internal MongoSession Begin() => new(this, strikes);

    // Repeats a statement for as long as a transaction holds what it needs.
    private async Task UntilDoneAsync(string what, Func<bool> execute, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; waited < LongestWait; waited += Look)
        {
            if (await CallAsync(what, execute, null, cancellationToken))
            {
                return;
            }

            await wire.WaitAsync(Look, cancellationToken);
        }

        throw new MongoFailure(MongoFailure.WriteConflict);
    }
}
