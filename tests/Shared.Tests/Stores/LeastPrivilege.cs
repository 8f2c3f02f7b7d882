using Npgsql;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Users of one schema who may connect, and have each one role of least privilege and nothing else.</summary>
internal sealed class LeastPrivilege : IAsyncDisposable
{
    private readonly NpgsqlDataSource _consumer;

    private LeastPrivilege(PostgresSchema schema, PostgresRoles roles)
    {
        Relay = Connect(roles.Relay);
        Cleaner = Connect(roles.Cleaner);
        _consumer = Connect(roles.Consumer);

        NpgsqlDataSource Connect(string role) => schema.Connect(settings => settings.Username = User(role));
    }

    /// <summary>Connections of the user who has the relay's role.</summary>
    public NpgsqlDataSource Relay { get; }

    /// <summary>Connections of the user who has the cleaner's role.</summary>
    public NpgsqlDataSource Cleaner { get; }

    public static async Task<LeastPrivilege> CreateAsync(PostgresSchema schema, params string[] handlerTables)
    {
        var roles = PostgresRoles.WithPrefix(schema.Options.Schema) with { HandlerTables = handlerTables };
        // Many a database takes away what everybody may do by default. What is given back is the tests' clock.
        await schema.ExecuteAsync("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {{schema}} FROM PUBLIC");
        await schema.ExecuteAsync("GRANT EXECUTE ON FUNCTION {{schema}}.now, {{schema}}.clock_timestamp TO PUBLIC");
        await schema.Migrator().GrantRolesAsync(roles, CancellationToken.None);
        foreach (var role in new[] { roles.Relay, roles.Cleaner, roles.Consumer })
        {
            await schema.ExecuteAsync($"CREATE ROLE {User(role)} LOGIN IN ROLE {role}");
        }

        return new LeastPrivilege(schema, roles);
    }

    /// <summary>An empty outbox, each of whose operations is done by the user whose work it is.</summary>
    public static async Task<OutboxHarness> CreateOutboxAsync(PostgresServer server, AfterSending afterSending = AfterSending.Keep)
    {
        var owner = await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending }, nameof(LeastPrivilege));
        var users = await owner.Schema.KeepAsync(() => CreateAsync(owner.Schema));
        return new OutboxThrough(owner, () => users.CreateOutbox(owner), connections: null);
    }

    /// <summary>An outbox each of whose operations is done by the user whose work it is; rows are written by the owner.</summary>
    private IOutboxRepository CreateOutbox(PostgresOutboxHarness owner) =>
        new LockingOutboxOfRoles(owner.Repository, owner.CreateRepository(Relay), owner.CreateRepository(Cleaner));

    /// <summary>An inbox each of whose operations is done by the user whose work it is.</summary>
    public IInboxRepository CreateInbox(PostgresInboxHarness owner) =>
        new InboxOfRoles(owner.CreateRepository(_consumer), owner.CreateRepository(Cleaner));

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Cleaner.DisposeAsync();
        await _consumer.DisposeAsync();
    }

    private static string User(string role) => $"{role}_user";
}
