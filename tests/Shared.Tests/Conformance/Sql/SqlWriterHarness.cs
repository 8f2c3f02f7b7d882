using Relaybox.Outbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An outbox of its own in an SQL database, for one test, with a table <c>orders</c> of the app's beside it.</summary>
/// <param name="schema">Its schema.</param>
internal abstract class SqlWriterHarness(SqlSchema schema) : IAsyncDisposable
{
    /// <summary>The table of the app's, in words of both databases.</summary>
    protected const string Orders = "CREATE TABLE {{schema}}.orders (id varchar(64) PRIMARY KEY)";

    public abstract IOutboxRepository Outbox { get; }

    public abstract SqlWriter Writer { get; }

    /// <summary>The text with which the driver commits a transaction, as the proxy sees it.</summary>
    public abstract string Commit { get; }

    public Task<DateTimeOffset> NowAsync() => schema.NowAsync();

    /// <summary>Runs SQL by hand; the placeholders are those of the schema's files.</summary>
    public Task ExecuteAsync(string sql) => schema.ExecuteAsync(sql);

    /// <inheritdoc cref="ExecuteAsync"/>
    public Task<object?> ScalarAsync(string sql) => schema.ScalarAsync(sql);

    /// <summary>The ids of the rows of a key, in the order in which they are to be sent.</summary>
    public abstract Task<IReadOnlyList<string>> IdsOfKeyAsync(string key);

    /// <summary>A writer of a user who has no right on the outbox but to insert, and to write orders.</summary>
    /// <param name="mostConnections">The size of its pool.</param>
    public abstract Task<SqlWriter> CreateInsertingWriterAsync(int mostConnections = 20);

    /// <summary>Lets that user compare an event with the row that has its id.</summary>
    public abstract Task AllowToCompareAsync();

    public abstract WireProxy CreateProxy();

    public abstract SqlWriter CreateWriter(WireProxy proxy);

    /// <summary>Ends a connection as a server does that is stopped at once.</summary>
    public abstract Task CrashAsync(WireProxy.Wire wire);

    /// <summary>Waits until no transaction that was cut holds anything any longer.</summary>
    public abstract Task SettleAsync();

    /// <summary>Waits until a writer waits for the lock of a key.</summary>
    public abstract Task SomebodyWaitsForAKeyAsync();

    /// <summary>The name of the constraint that an exception names.</summary>
    public abstract bool NamesConstraint(Exception exception, string constraint);

    public async Task<long> CountAsync(string table) =>
        Convert.ToInt64(await ScalarAsync($"SELECT count(*) FROM {table}"), null);

    public Task<long> OrdersAsync() => CountAsync("{{schema}}.orders");

    public abstract ValueTask DisposeAsync();
}
