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
    private readonly bool _keepsSessions;
    private readonly int _port;

    private PostgresInboxHarness(PostgresSchema schema, int port, bool enlists, bool keepsSessions)
        : base(schema)
    {
        (_port, _enlists, _keepsSessions) = (port, enlists, keepsSessions);
        Schema = schema;
        Repository = CreateRepository();
        Outbox = new PostgresOutboxRepository(
            new PostgresConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public PostgresSchema Schema { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    /// <param name="server">The server.</param>
    /// <param name="enlists">Whether handlers enlist their statements, rather than execute them in the transaction.</param>
    /// <param name="keepsSessions">Whether a session through a proxy is not reset first: it would answer that before it comes to what is cut.</param>
    /// <param name="use">What is kept with its schema, where that is something.</param>
    public static async Task<PostgresInboxHarness> CreateAsync(
        PostgresServer server, bool enlists = false, bool keepsSessions = false, string use = "")
    {
        var schema = await PostgresSchema.CreateAsync(
            server,
            more: """
            CREATE TABLE {{schema}}.effects (name text PRIMARY KEY, happened integer NOT NULL);
            CREATE TABLE {{schema}}.needs_effect (
                name text NOT NULL REFERENCES {{schema}}.effects DEFERRABLE INITIALLY DEFERRED);
            """,
            use: use);
        return new PostgresInboxHarness(schema, server.Port, enlists, keepsSessions);
    }

    public override IInboxRepository CreateRepository() => CreateRepository(Schema.DataSource);

    public PostgresInboxRepository CreateRepository(NpgsqlDataSource dataSource, IEntropy? entropy = null) =>
        new(new PostgresConnections(dataSource), Schema.Options, TimeProvider.System, entropy ?? SystemEntropy.Instance);

    public override string StoreName => "postgres";

    public override string Sleep => "SELECT pg_sleep(600)";

    // The driver breaks it, and the server goes on with its statement.
    public override bool EndsConnectionInUse => false;

    public override WireProxy CreateProxy() => new PostgresProxy(_port);

    public override IInboxRepository CreateRepository(WireProxy proxy)
    {
        var source = Schema.Connect(builder => (builder.Port, builder.NoResetOnClose) = (proxy.Port, _keepsSessions));
        ThroughProxy = source;
        return CreateRepository(source);
    }

    public override IInboxRepository CreateRepositoryNowhere() =>
        CreateRepository(NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody"));

    public override async Task<DbTransaction> GetTransactionAsync(IMessageTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.GetNpgsqlTransactionAsync(cancellationToken);

    public override void EnlistNothing(IMessageTransaction transaction) => transaction.Enlist(new NpgsqlBatchCommand("SELECT 1"));

    public override void EnlistNull(IMessageTransaction transaction) => transaction.Enlist(null!);

    public override long ConnectionOf(DbTransaction transaction) => ((NpgsqlConnection)transaction.Connection!).ProcessID;

    public override Task EndConnectionAsync(long connection)
    {
        Schema.Abandon();
        return Schema.ScalarAsync("SELECT pg_terminate_backend($1)", (int)connection);
    }

    public override Task NothingIsUnderWayAsync() => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()",
            Schema.Options.Schema))! == 0,
        "the server is done with it");

    public override Task ConnectionIsGoneAsync(long connection) => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", (int)connection))! == 0,
        "the handler's connection is ended by the server");

    public override async Task<Type> SpoilNumbersAsync()
    {
        await Schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 1, false)");
        return typeof(OutboxSequenceException);
    }

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

    public override void Enlist(IMessageTransaction transaction, string sql, params object[] parameters)
    {
        var command = new NpgsqlBatchCommand(Schema.Fill(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        transaction.Enlist(command);
    }

    public override Task AClaimWaitsAsync() => Eventually.TrueAsync(
        async () => (long)(await Schema.ScalarAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%'",
            "SELECT * FROM " + new PostgresNames(Schema.Options).InboxClaim))! == 1,
        "the claim waits");

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
}
