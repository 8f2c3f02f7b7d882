using System.Data.Common;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Events;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A writer of a store in an SQL database, whatever its own types are.</summary>
internal abstract class SqlWriter : IAsyncDisposable
{
    /// <summary>A connection of the app's.</summary>
    public abstract ValueTask<DbConnection> OpenAsync();

    public abstract OutboxEvent NewEvent(string subject, string payload);

    public abstract Task EnqueueAsync(OutboxEvent outboxEvent, DbTransaction transaction);

    public abstract Task EnqueueManyAsync(IEnumerable<OutboxEvent> events, DbTransaction transaction);

    /// <summary><c>ExecuteWithOutboxAsync</c> with a payload and an event type.</summary>
    public abstract Task<T> RunAsync<T>(
        Func<DbTransaction, CancellationToken, Task<T>> operation, string payload, string eventType, JsonTypeInfo<T>? resultType = null);

    /// <summary><c>ExecuteWithOutboxAsync</c> with an event.</summary>
    public abstract Task<T> RunAsync<T>(
        Func<DbTransaction, CancellationToken, Task<T>> operation, OutboxEvent outboxEvent, CancellationToken cancellationToken = default);

    /// <summary>Works in a transaction of the app's own, and commits it.</summary>
    public async Task InTransactionAsync(Func<DbTransaction, Task> work)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await work(transaction);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Places an order in a transaction.</summary>
    public abstract Task<int> OrderAsync(DbTransaction transaction, string id);

    public abstract ValueTask DisposeAsync();
}
