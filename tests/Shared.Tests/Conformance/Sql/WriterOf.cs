using System.Data.Common;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Events;
using Relaybox.Sql;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A writer of a store.</summary>
/// <param name="schema">Where it writes.</param>
/// <param name="writer">The writer.</param>
/// <param name="source">Where its connections come from.</param>
/// <param name="isOwned">Whether the connections are its own, and closed with it.</param>
internal sealed class WriterOf<TTransaction>(SqlSchema schema, SqlOutboxWriter<TTransaction> writer, DbDataSource source, bool isOwned) : SqlWriter
    where TTransaction : DbTransaction
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override ValueTask<DbConnection> OpenAsync() => source.OpenConnectionAsync(Ct);

    public override OutboxEvent NewEvent(string subject, string payload) => writer.NewEvent(subject, payload);

    public override Task EnqueueAsync(OutboxEvent outboxEvent, DbTransaction transaction) => writer.EnqueueAsync(outboxEvent, transaction, Ct);

    public override Task EnqueueManyAsync(IEnumerable<OutboxEvent> events, DbTransaction transaction) =>
        writer.EnqueueManyAsync(events, (TTransaction)transaction, Ct);

    public override Task<T> RunAsync<T>(
        Func<DbTransaction, CancellationToken, Task<T>> operation, string payload, string eventType, JsonTypeInfo<T>? resultType = null) =>
        writer.ExecuteWithOutboxAsync(operation, payload, eventType, resultType, Ct);

    public override Task<T> RunAsync<T>(
        Func<DbTransaction, CancellationToken, Task<T>> operation, OutboxEvent outboxEvent, CancellationToken cancellationToken = default) =>
        writer.ExecuteWithOutboxAsync(operation, outboxEvent, cancellationToken: cancellationToken);

    public override async Task<int> OrderAsync(DbTransaction transaction, string id)
    {
        await using var command = schema.Command(
            transaction.Connection!, $"INSERT INTO {{{{schema}}}}.orders VALUES ({schema.Parameter(1)})", id);
        command.Transaction = transaction;
        return await command.ExecuteNonQueryAsync(Ct);
    }

    public override ValueTask DisposeAsync() => isOwned ? source.DisposeAsync() : ValueTask.CompletedTask;
}
