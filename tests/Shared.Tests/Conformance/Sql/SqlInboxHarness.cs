using System.Data.Common;
using Relaybox.Inbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An inbox in an SQL database, whose handlers write in a transaction of the database's.</summary>
/// <param name="schema">Its schema, with tables <c>effects</c> and <c>needs_effect</c> of the handlers' beside the inbox.</param>
internal abstract class SqlInboxHarness(SqlSchema schema) : InboxHarness
{
    private TimeSpan _passed;

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    /// <summary>The value of the setting <c>STORE</c>.</summary>
    public abstract string StoreName { get; }

    /// <summary>A statement that takes ten minutes.</summary>
    public abstract string Sleep { get; }

    /// <summary>Whether the server ends a connection on which a statement still runs when its message's transaction is closed.</summary>
    public virtual bool EndsConnectionInUse => true;

    /// <summary>A way to the server on which connections can be cut.</summary>
    public abstract WireProxy CreateProxy();

    /// <summary>The inbox through a proxy.</summary>
    public abstract IInboxRepository CreateRepository(WireProxy proxy);

    /// <summary>An inbox on a server that is not there.</summary>
    public abstract IInboxRepository CreateRepositoryNowhere();

    /// <summary>The transaction that a handler executes statements in.</summary>
    public abstract Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Enlists a statement that changes nothing.</summary>
    public abstract void EnlistNothing(IMessageTransaction transaction);

    public abstract void EnlistNull(IMessageTransaction transaction);

    /// <summary>Enlists a statement.</summary>
    public abstract void Enlist(IMessageTransaction transaction, string sql, params object[] parameters);

    /// <inheritdoc cref="SqlSchema.OpenAsync"/>
    public ValueTask<DbConnection> OpenAsync() => schema.OpenAsync();

    /// <inheritdoc cref="SqlSchema.Fill"/>
    public string Fill(string sql) => schema.Fill(sql);

    /// <summary>Waits until a claim waits for a record that somebody holds.</summary>
    public abstract Task AClaimWaitsAsync();

    /// <summary>Executes a statement by hand.</summary>
    public Task ExecuteAsync(string sql) => schema.ExecuteAsync(sql);

    /// <summary>Executes a statement in a handler's transaction.</summary>
    public async Task ExecuteAsync(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var own = await GetTransactionAsync(transaction, TestContext.Current.CancellationToken);
        await using var command = schema.Command(own.Connection!, sql, parameters);
        command.Transaction = own;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The server's number of a transaction's connection.</summary>
    public abstract long ConnectionOf(DbTransaction transaction);

    /// <summary>Lets the server end a connection.</summary>
    public abstract Task EndConnectionAsync(long connection);

    /// <summary>Waits until the server executes nothing of this schema any more.</summary>
    public abstract Task NothingIsUnderWayAsync();

    /// <summary>Waits until the server has ended a connection.</summary>
    public abstract Task ConnectionIsGoneAsync(long connection);

    /// <summary>Makes the numbers wrong that rows of the outbox get, so that no row can be written.</summary>
    /// <returns>What a writer is told.</returns>
    public abstract Task<Type> SpoilNumbersAsync();

    /// <summary>Does what Setup does.</summary>
    public Task MigrateAsync() => schema.MigrateAsync();

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        await schema.PassAsync(time);
    }

    public override async Task WriteAsync(RawRecord record)
    {
        var values = new Dictionary<string, object?>
        {
            ["consumer"] = record.Consumer,
            ["event_id"] = record.EventId,
            ["status"] = record.Status,
            ["deliveries"] = record.Deliveries ?? 0,
            ["claim_token"] = record.Token,
            ["received_at"] = record.ReceivedAt ?? Now,
            ["lease_until"] = record.LeaseUntil,
            ["processed_at"] = record.ProcessedAt,
            ["failed_at"] = record.FailedAt,
            ["error_message"] = record.ErrorMessage is { } text ? text[..Math.Min(text.Length, LongestError)] : null,
        };
        var written = values.Where(value => value.Value is not null).ToList();
        await schema.ExecuteAsync(
            $$$"""
            INSERT INTO {{inbox}} ({{{string.Join(", ", written.Select(value => value.Key))}}})
            VALUES ({{{string.Join(", ", written.Select((_, i) => schema.Parameter(i + 1)))}}})
            """,
            [.. written.Select(value => value.Value)]);
    }

    public override Task DeleteAsync(string consumer, string eventId) =>
        schema.ExecuteAsync($"DELETE FROM {{{{inbox}}}} WHERE {Record}", consumer, eventId);

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        (await schema.QueryAsync($"SELECT * FROM {{{{inbox}}}} WHERE {Record}", consumer, eventId)).SingleOrDefault();

    public override async Task<int> EffectsAsync(string name) =>
        (int?)await schema.ScalarAsync($"SELECT happened FROM {{{{schema}}}}.effects WHERE name = {schema.Parameter(1)}", name) ?? 0;

    public abstract override Task EnlistEffectAsync(IMessageTransaction transaction, string name);

    public override void EnlistEffect(IMessageTransaction transaction, string name) =>
        EnlistEffectAsync(transaction, name).GetAwaiter().GetResult();

    public override async ValueTask DisposeAsync()
    {
        if (ThroughProxy is not null)
        {
            await ThroughProxy.DisposeAsync();
        }

        await schema.DisposeAsync();
    }

    /// <summary>Connections through a proxy; null: there are none.</summary>
    protected DbDataSource? ThroughProxy { get; set; }

    /// <summary>The most characters that the column of error texts holds, far more than what the inbox writes into it.</summary>
    protected virtual int LongestError => int.MaxValue;

    private string Record => $"consumer = {schema.Parameter(1)} AND event_id = {schema.Parameter(2)}";

    /// <summary>Whatever the pool gives out works and commits each statement, and nobody holds a record, an effect or an event.</summary>
    public abstract Task AssertPoolIsSoundAsync();
}
