using System.Data.Common;
using System.Globalization;
using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Inbox, outbox and effects in a schema of their own, on a clock that a test can move.</summary>
internal sealed class MySqlInboxHarness : SqlInboxHarness
{
    private readonly bool _enlists;
    private TimeSpan _passed;

    private MySqlInboxHarness(MySqlSchema schema, bool enlists)
    {
        _enlists = enlists;
        Schema = schema;
        Repository = CreateRepository();
        Outbox = new MySqlOutboxRepository(new MySqlConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public MySqlSchema Schema { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    // The server is on this machine, so that the two have one clock.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _passed;

    /// <param name="server">The server.</param>
    /// <param name="enlists">Whether handlers enlist their statements, rather than execute them in the transaction.</param>
    public static async Task<MySqlInboxHarness> CreateAsync(MySqlServer server, bool enlists = false)
    {
        var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(
            """
            CREATE TABLE {{schema}}.effects (name VARCHAR(255) PRIMARY KEY, happened INT NOT NULL CHECK (happened >= 0)) ENGINE = InnoDB;
            CREATE TABLE {{schema}}.needs_effect (name VARCHAR(255) NOT NULL, FOREIGN KEY (name) REFERENCES effects (name)) ENGINE = InnoDB;
            """);
        return new MySqlInboxHarness(schema, enlists);
    }

    public override IInboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public MySqlInboxRepository CreateRepository(MySqlDataSource dataSource, IEntropy? entropy = null) =>
        new(new MySqlConnections(dataSource), Schema.Options, TimeProvider.System, entropy ?? SystemEntropy.Instance);

    public override string StoreName => "mysql";

    public override string Sleep => "DO SLEEP(600)";

    public override IInboxRepository CreateRepositoryNowhere() => CreateRepository(new MySqlDataSource("Server=127.0.0.1;Port=1;User ID=nobody"));

    public override async Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.GetMySqlTransactionAsync(cancellationToken);

    public override void EnlistNothing(IMessageTransaction transaction) => transaction.Enlist(new MySqlBatchCommand("SELECT 1"));

    public override long ConnectionOf(DbTransaction transaction) => ((MySqlConnection)transaction.Connection!).ServerThread;

    public override async Task<Type> SpoilNumbersAsync()
    {
        await Schema.ExecuteAsync("DELETE FROM {{outbox.keys}}");
        return typeof(OutboxNumbersException);
    }

    public override Task MigrateAsync() => Schema.MigrateAsync();

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        await Schema.PassAsync(time);
    }

    // The column holds 64 KiB, far more than what the inbox writes into it.
    public override Task WriteAsync(RawRecord record) => Schema.ExecuteAsync(
        """
        INSERT INTO {{inbox}} (
            consumer, event_id, status, deliveries, claim_token, received_at, lease_until, processed_at, failed_at, error_message)
        VALUES (?, ?, ?, COALESCE(?, 0), ?, COALESCE(?, UTC_TIMESTAMP(6)), ?, ?, ?, ?)
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
        record.ErrorMessage is { Length: > ushort.MaxValue } text ? text[..ushort.MaxValue] : record.ErrorMessage);

    public override Task DeleteAsync(string consumer, string eventId) =>
        Schema.ExecuteAsync("DELETE FROM {{inbox}} WHERE consumer = ? AND event_id = ?", consumer, eventId);

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        (await Schema.QueryAsync("SELECT * FROM {{inbox}} WHERE consumer = ? AND event_id = ?", consumer, eventId)).SingleOrDefault();

    public override void EnlistEffect(IMessageTransaction transaction, string name) =>
        EnlistEffectAsync(transaction, name).GetAwaiter().GetResult();

    /// <summary>The same as a handler does it that waits for each statement, unless handlers enlist them here.</summary>
    public override Task EnlistEffectAsync(IMessageTransaction transaction, string name)
    {
        const string Effect = "INSERT INTO {{schema}}.effects VALUES (?, 1) ON DUPLICATE KEY UPDATE happened = happened + 1";
        if (!_enlists)
        {
            return ExecuteAsync(transaction, Effect, name);
        }

        Enlist(transaction, Effect, name);
        return Task.CompletedTask;
    }

    /// <summary>This server looks at a condition when the statement is executed: so the statement is executed with the commit.</summary>
    public override void EnlistImpossible(IMessageTransaction transaction, string name) =>
        Enlist(transaction, "INSERT INTO {{schema}}.needs_effect VALUES (?)", name);

    /// <summary>Enlists a statement.</summary>
    public void Enlist(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var command = new MySqlBatchCommand(Schema.Fill(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new MySqlParameter { Value = parameter });
        }

        transaction.Enlist(command);
    }

    public override async Task ExecuteAsync(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var mySql = await transaction.GetMySqlTransactionAsync(TestContext.Current.CancellationToken);
        await using var command = new MySqlCommand(Schema.Fill(sql), mySql.Connection, mySql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new MySqlParameter { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Whatever the pool gives out works and commits each statement, and nobody holds a record, an effect or an event.</summary>
    public override async Task AssertPoolIsSoundAsync()
    {
        // A connection of the pool would end what it had left open itself.
        await using (var apart = Schema.Connect(builder => builder.Pooling = false))
        {
            await using var connection = await apart.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var command = new MySqlCommand(
                Schema.Fill(
                    "SELECT event_id FROM {{inbox}} FOR UPDATE NOWAIT; SELECT name FROM {{schema}}.effects FOR UPDATE NOWAIT; "
                    + "SELECT event_id FROM {{outbox}} FOR UPDATE NOWAIT"),
                connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var connections = await Task.WhenAll(Enumerable.Range(0, 6)
            .Select(_ => Schema.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken).AsTask()));
        foreach (var connection in connections)
        {
            await using var command = new MySqlCommand("SELECT @@autocommit", connection);
            Assert.Equal(
                1L, Convert.ToInt64(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), CultureInfo.InvariantCulture));
            await connection.DisposeAsync();
        }
    }

    /// <summary>Waits until the server has ended a connection.</summary>
    public override Task ConnectionIsGoneAsync(long connection) => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync("SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", connection))! == 0,
        "the server has ended the connection");

    /// <summary>Waits until a transaction waits for a lock, in a statement with a text of the schema.</summary>
    /// <remarks>The table innodb_trx shows old rows for as long as tests ask for them ten times a second.</remarks>
    public Task SomebodyWaitsAsync(string text) => Eventually.TrueAsync(
        async () => Assert.Single(await Schema.QueryAsync("SHOW ENGINE INNODB STATUS"))["Status"]
            .Split("---TRANSACTION ")
            .Any(transaction => transaction.Contains("LOCK WAIT", StringComparison.Ordinal)
                && transaction.Contains(Schema.Fill(text), StringComparison.Ordinal)),
        "a transaction waits for a lock");

    public override async Task<int> EffectsAsync(string name) =>
        (int?)await Schema.ScalarAsync("SELECT happened FROM {{schema}}.effects WHERE name = ?", name) ?? 0;

    public override ValueTask DisposeAsync() => Schema.DisposeAsync();
}
