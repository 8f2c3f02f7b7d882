using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox and a table of orders in a schema of their own.</summary>
internal sealed class MySqlWriterHarness : SqlWriterHarness
{
    private readonly int _port;
    private MySqlTestUser? _user;

    private MySqlWriterHarness(MySqlSchema schema, int port)
        : base(schema)
    {
        (Schema, _port) = (schema, port);
        Outbox = new MySqlOutboxRepository(new MySqlConnections(schema.DataSource), schema.Options, TimeProvider.System, SystemEntropy.Instance);
        Writer = Over(schema.DataSource, schema);
    }

    public MySqlSchema Schema { get; }

    public override IOutboxRepository Outbox { get; }

    public override SqlWriter Writer { get; }

    // The command's number tells it from the isolation level "read committed".
    public override string Commit => "\u0003commit";

    public static async Task<MySqlWriterHarness> CreateAsync(MySqlServer server) =>
        new(await MySqlSchema.CreateAsync(server, more: Orders), server.Port);

    public override async Task<IReadOnlyList<string>> IdsOfKeyAsync(string key) =>
    [
        .. (await Schema.QueryAsync(
            "SELECT event_id FROM {{outbox}} WHERE ordering_key = ? ORDER BY key_number, row_id",
            Encoding.UTF8.GetBytes(key))).Select(row => row["event_id"]),
    ];

    public override async Task<SqlWriter> CreateInsertingWriterAsync(int mostConnections = 20)
    {
        _user = await Schema.CreateUserAsync(
            "INSERT (event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result) ON {{outbox}}",
            "EXECUTE ON PROCEDURE {{outbox.lock_keys}}",
            "INSERT ON {{schema}}.orders",
            "SELECT ON {{schema}}.test_clock");
        return Over(
            Schema.Connect(settings =>
                (settings.UserID, settings.Password, settings.MaximumPoolSize) = (_user.Name, MySqlTestUser.Password, (uint)mostConnections)),
            Schema);
    }

    public override Task AllowToCompareAsync() =>
        Schema.ExecuteAsync($"GRANT EXECUTE ON PROCEDURE {{{{outbox.is_same}}}} TO {_user!.Name}");

    public override WireProxy CreateProxy() => new(_port);

    public override SqlWriter CreateWriter(WireProxy proxy) => Over(
        Schema.Connect(settings => (settings.Port, settings.SslMode) = ((uint)proxy.Port, MySqlSslMode.None)), Schema);

    public override async Task CrashAsync(WireProxy.Wire wire)
    {
        const ushort ServerShutdown = 1053;
        byte[] text = [.. "#08S01Server shutdown in progress"u8];
        var message = new byte[4 + 3 + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length - 4);
        message[3] = 1;
        message[4] = 0xFF;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(5), ServerShutdown);
        text.CopyTo(message, 7);
        await wire.Client.SendAsync(message);
        wire.Client.Shutdown(SocketShutdown.Send);
        wire.Server.Dispose();
    }

    public override Task SettleAsync() =>
        Schema.ExecuteAsync("SELECT id FROM {{schema}}.orders FOR UPDATE; SELECT event_id FROM {{outbox}} FOR UPDATE");

    public override Task SomebodyWaitsForAKeyAsync() => Eventually.TrueAsync(
        async () => Assert.Single(await Schema.QueryAsync("SHOW ENGINE INNODB STATUS"))["Status"]
            .Split("---TRANSACTION ")
            .Any(transaction => transaction.Contains("LOCK WAIT", StringComparison.Ordinal)
                && transaction.Contains(Schema.Options.Schema, StringComparison.Ordinal)),
        "the second writer waits");

    public override bool NamesConstraint(Exception exception, string constraint) =>
        exception is MySqlException { ErrorCode: MySqlErrorCode.DuplicateKeyEntry } e
        && e.Message.Contains(constraint == "orders" ? "PRIMARY" : constraint, StringComparison.Ordinal);

    public override async ValueTask DisposeAsync()
    {
        if (_user is not null)
        {
            await _user.DisposeAsync();
        }

        await Schema.DisposeAsync();
    }

    private static WriterOf<MySqlTransaction> Over(MySqlDataSource source, MySqlSchema schema) =>
        new(schema, new MySqlOutboxWriter(source, schema.Options), source, isOwned: source != schema.DataSource);
}
