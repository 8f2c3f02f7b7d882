using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// Gives out the collections. The credentials come from the configuration or from a secret; where the server refuses those of a
/// secret, it is read again once, so that a rotation needs no restart.
/// </summary>
internal sealed class MongoConnections : IDisposable, IExplainsFailures
{
    private readonly MongoConnectionOptions _options;
    private readonly MongoOptions _names;
    private readonly SecretBound<Source> _source;
    private volatile bool _isChecked;

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the database is reached.</param>
    /// <param name="names">The collections.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public MongoConnections(MongoConnectionOptions options, MongoOptions names, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _names) = (options, names);
        _source = new SecretBound<Source>(secrets, options.SecretArn, text => Create(
            text is null ? MongoConnectionText.FromUri(options) : MongoConnectionText.FromSecret(text, options)));
    }

    /// <summary>Connections of the caller's client.</summary>
    /// <param name="database">The database.</param>
    /// <param name="names">The collections.</param>
    public MongoConnections(IMongoDatabase database, MongoOptions names)
    {
        (_options, _names) = (new MongoConnectionOptions(), names);
        _source = new SecretBound<Source>(new Source(new MongoCollections(database, names), IsOwned: false));
        _isChecked = true;
    }

    /// <summary>Makes a call with the collections; again, with what the secret says by now, where the server refuses the credentials.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    /// <exception cref="MongoSchemaException">Setup has not run, or not for this version.</exception>
    internal Task<T> UseAsync<T>(Func<MongoCollections, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        UseUncheckedAsync(
            async (database, ct) =>
            {
                // The server makes a collection that is not there, without indexes, when something is first written to it.
                if (!_isChecked)
                {
                    await MongoSchema.RequireAsync(database, ct);
                    _isChecked = true;
                }

                return await call(database, ct);
            },
            cancellationToken);

    /// <summary>The same, whether Setup has run or not.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal Task<T> UseUncheckedAsync<T>(Func<MongoCollections, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        _source.UseAsync(
            async (source, ct) => await call(source.Collections, ct), MongoFaults.IsRefusal, cancellationToken).AsTask();

    /// <summary>Makes calls, and repeats those whose failure is transient.</summary>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    internal MongoCalls Calls(TimeProvider time, IEntropy entropy) => new(this, RetryLoop.OfStore(MongoFaults.IsTransient, time, entropy));

    /// <summary>Says what is wrong with the database where a call failed because of it, and what to do.</summary>
    /// <param name="exception">What the call threw.</param>
    /// <returns>The failure, with <paramref name="exception"/> as its cause; null where the database is not to blame.</returns>
    public StoreFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return _source.Current is { } source
            && MongoFailureText.Describe(exception, MongoTarget.Of(source.Collections.Database, _options), WhyUnreachable(source)) is { } text
            ? new StoreFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_source.Current is { IsOwned: true } source)
        {
            source.Collections.Client.Dispose();
        }

        _source.Dispose();
    }

    // The driver says of a server that it cannot reach only that it has waited for it. Why, the one that watches the server knows.
    private static Exception? WhyUnreachable(Source source) => source.Collections.Client.Cluster.Description.Servers
        .Select(server => server.HeartbeatException).FirstOrDefault(failure => failure is not null);

    private Source Create(MongoConnectionText text) => new(
        new MongoCollections(new MongoClient(text.Settings).GetDatabase(text.Database), _names), IsOwned: true);

    private sealed record Source(MongoCollections Collections, bool IsOwned);
}
