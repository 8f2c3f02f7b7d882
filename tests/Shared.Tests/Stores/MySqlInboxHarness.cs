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
    private readonly int _port;

    private MySqlInboxHarness(MySqlSchema schema, int port, bool enlists)
        : base(schema)
    {
        (_port, _enlists) = (port, enlists);
        Schema = schema;
        Repository = CreateRepository();
        Outbox = new MySqlOutboxRepository(new MySqlConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public MySqlSchema Schema { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    /// <param name="server">The server.</param>
    /// <param name="enlists">Whether handlers enlist their statements, rather than execute them in the transaction.</param>
    public static async Task<MySqlInboxHarness> CreateAsync(MySqlServer server, bool enlists = false)
    {
        var schema = await MySqlSchema.CreateAsync(
            server,
            more: """
            CREATE TABLE {{schema}}.effects (name VARCHAR(255) PRIMARY KEY, happened INT NOT NULL CHECK (happened >= 0)) ENGINE = InnoDB;
            CREATE TABLE {{schema}}.needs_effect (name VARCHAR(255) NOT NULL, FOREIGN KEY (name) REFERENCES effects (name)) ENGINE = InnoDB;
            """);
        return new MySqlInboxHarness(schema, server.Port, enlists);
    }

    public override IInboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public MySqlInboxRepository CreateRepository(MySqlDataSource dataSource, IEntropy? entropy = null) =>
        new(new MySqlConnections(dataSource), Schema.Options, TimeProvider.System, entropy ?? SystemEntropy.Instance);

    public override string StoreName => "mysql";

    public override string Sleep => "DO SLEEP(600)";

    public override WireProxy CreateProxy() => new(_port);

    // What is on the wire can be read there.
    public override IInboxRepository CreateRepository(WireProxy proxy)
    {
        var source = Schema.Connect(builder => (builder.Port, builder.SslMode) = ((uint)proxy.Port, MySqlSslMode.None));
        ThroughProxy = source;
        return CreateRepository(source);
    }

    public override IInboxRepository CreateRepositoryNowhere() => CreateRepository(new MySqlDataSource("Server=127.0.0.1;Port=1;User ID=nobody"));

    public override async Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.GetMySqlTransactionAsync(cancellationToken);

    public override void EnlistNothing(IMessageTransaction transaction) => transaction.Enlist(new MySqlBatchCommand("SELECT 1"));

    public override void EnlistNull(IMessageTransaction transaction) => transaction.Enlist(null!);

    public override long ConnectionOf(DbTransaction transaction) => ((MySqlConnection)transaction.Connection!).ServerThread;

    public override async Task<Type> SpoilNumbersAsync()
    {
        await Schema.ExecuteAsync("DELETE FROM {{outbox.keys}}");
        return typeof(OutboxNumbersException);
    }

    public override Task EndConnectionAsync(long connection)
    {
        Schema.Abandon();
        return ExecuteAsync($"KILL CONNECTION {connection}");
    }

    public override Task NothingIsUnderWayAsync() => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE command <> 'Sleep' AND LOCATE(?, info) > 0 AND id <> CONNECTION_ID()",
            Schema.Options.Schema))! == 0,
        "the server is done with it");

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

    public override void Enlist(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var command = new MySqlBatchCommand(Schema.Fill(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new MySqlParameter { Value = parameter });
        }

        transaction.Enlist(command);
    }

    public override Task AClaimWaitsAsync() => SomebodyWaitsAsync("INSERT INTO {{inbox}}");

    protected override int LongestError => ushort.MaxValue;

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
}
