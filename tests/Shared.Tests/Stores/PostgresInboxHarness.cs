using System.Data.Common;
using Npgsql;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Inbox, outbox and effects in a schema of their own, on a clock that a test can move.</summary>
internal sealed class PostgresInboxHarness : SqlInboxHarness
{
    private readonly bool _enlists;
    private TimeSpan _passed;

    private PostgresInboxHarness(PostgresSchema schema, bool enlists)
    {
        _enlists = enlists;
        Schema = schema;
        Repository = CreateRepository();
        Outbox = new PostgresOutboxRepository(
            new PostgresConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public PostgresSchema Schema { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    /// <param name="server">The server.</param>
    /// <param name="enlists">Whether handlers enlist their statements, rather than execute them in the transaction.</param>
    public static async Task<PostgresInboxHarness> CreateAsync(PostgresServer server, bool enlists = false)
    {
        var schema = await PostgresSchema.CreateAsync(server);
        await schema.ExecuteAsync(
            """
            CREATE TABLE {{schema}}.effects (name text PRIMARY KEY, happened integer NOT NULL);
            CREATE TABLE {{schema}}.needs_effect (
                name text NOT NULL REFERENCES {{schema}}.effects DEFERRABLE INITIALLY DEFERRED);
            """);
        return new PostgresInboxHarness(schema, enlists);
    }

    public override IInboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public PostgresInboxRepository CreateRepository(NpgsqlDataSource dataSource, IEntropy? entropy = null) =>
        new(new PostgresConnections(dataSource), Schema.Options, TimeProvider.System, entropy ?? SystemEntropy.Instance);

    public override string StoreName => "postgres";

    public override string Sleep => "SELECT pg_sleep(600)";

    // The driver breaks it, and the server goes on with its statement.
    public override bool EndsConnectionInUse => false;

    public override IInboxRepository CreateRepositoryNowhere() =>
        CreateRepository(NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody"));

    public override async Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.GetNpgsqlTransactionAsync(cancellationToken);

    public override void EnlistNothing(IMessageTransaction transaction) => transaction.Enlist(new NpgsqlBatchCommand("SELECT 1"));

    public override long ConnectionOf(DbTransaction transaction) => ((NpgsqlConnection)transaction.Connection!).ProcessID;

    public override Task ConnectionIsGoneAsync(long connection) => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", (int)connection))! == 0,
        "the handler's connection is ended by the server");

    public override async Task<Type> SpoilNumbersAsync()
    {
        await Schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 1, false)");
        return typeof(OutboxSequenceException);
    }

    public override Task MigrateAsync() => Schema.MigrateAsync();

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        await Schema.PassAsync(time);
    }

    public override Task WriteAsync(RawRecord record) => Schema.ExecuteAsync(
        """
        INSERT INTO {{inbox}} (
            consumer, event_id, status, deliveries, claim_token, received_at, lease_until, processed_at, failed_at, error_message)
        VALUES (
            $1, $2, $3, coalesce($4::integer, 0), $5::text, coalesce($6::timestamptz, now()),
            $7::timestamptz, $8::timestamptz, $9::timestamptz, $10::text)
        """,
        record.Consumer,
        record.EventId,
        record.Status,
        record.Deliveries,
        record.Token,
        record.ReceivedAt,
        record.LeaseUntil,
        record.ProcessedAt,
        record.FailedAt,
        record.ErrorMessage);

    public override Task DeleteAsync(string consumer, string eventId) =>
        Schema.ExecuteAsync("DELETE FROM {{inbox}} WHERE consumer = $1 AND event_id = $2", consumer, eventId);

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        (await Schema.QueryAsync("SELECT * FROM {{inbox}} WHERE consumer = $1 AND event_id = $2", consumer, eventId)).SingleOrDefault();

    public override void EnlistEffect(IMessageTransaction transaction, string name) =>
        EnlistEffectAsync(transaction, name).GetAwaiter().GetResult();

    /// <summary>The same as a handler does it that waits for each statement, unless handlers enlist them here.</summary>
    public override Task EnlistEffectAsync(IMessageTransaction transaction, string name) => WriteAsync(
        transaction,
        """
        INSERT INTO {{schema}}.effects AS e VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET happened = e.happened + 1
        """,
        name);

    /// <summary>The condition is looked at when the transaction commits, and not before.</summary>
    public override void EnlistImpossible(IMessageTransaction transaction, string name) =>
        WriteAsync(transaction, "INSERT INTO {{schema}}.needs_effect VALUES ($1)", name).GetAwaiter().GetResult();

    /// <summary>Enlists a statement.</summary>
    public void Enlist(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var command = new NpgsqlBatchCommand(Schema.Fill(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        transaction.Enlist(command);
    }

    public override async Task ExecuteAsync(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var postgres = await transaction.GetNpgsqlTransactionAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(Schema.Fill(sql), postgres.Connection, postgres);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Whatever the pool gives out works, and is in no transaction.</summary>
    public override async Task AssertPoolIsSoundAsync()
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, 6)
            .Select(_ => Schema.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken).AsTask()));
        foreach (var connection in connections)
        {
            await using var command = new NpgsqlCommand(
                "SELECT pg_current_xact_id_if_assigned() IS NULL AND coalesce(current_setting('relaybox.claim', true), '') = ''", connection);
            Assert.Equal(true, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
            await connection.DisposeAsync();
        }
    }

    private Task WriteAsync(IMessageTransaction transaction, string sql, string name)
    {
        if (!_enlists)
        {
            return ExecuteAsync(transaction, sql, name);
        }

        Enlist(transaction, sql, name);
        return Task.CompletedTask;
    }

    public override async Task<int> EffectsAsync(string name) =>
        (int?)await Schema.ScalarAsync("SELECT happened FROM {{schema}}.effects WHERE name = $1", name) ?? 0;

    public override ValueTask DisposeAsync() => Schema.DisposeAsync();
}
