using Relaybox.Maintenance;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Through a transaction pooler the outbox does what every outbox does.</summary>
public sealed class PooledPostgresOutboxRepositoryTests(PostgresServer server, PgBouncer pooler)
    : OutboxRepositoryConformance, IClassFixture<PgBouncer>
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => PooledUser.CreateOutboxAsync(server, pooler);
}

/// <summary>Through a transaction pooler the outbox keeps the order of each key.</summary>
public sealed class PooledPostgresOutboxOrderTests(PostgresServer server, PgBouncer pooler) : OutboxOrderConformance, IClassFixture<PgBouncer>
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => PooledUser.CreateOutboxAsync(server, pooler);
}

/// <summary>Through a transaction pooler the inbox does what every inbox does.</summary>
public sealed class PooledPostgresInboxRepositoryTests(PostgresServer server, PgBouncer pooler)
    : PooledInboxRepositoryConformance(server, pooler, enlists: false);

/// <summary>The same where handlers enlist their statements, so that each transaction is one message to the server.</summary>
public sealed class EnlistedPooledPostgresInboxRepositoryTests(PostgresServer server, PgBouncer pooler)
    : PooledInboxRepositoryConformance(server, pooler, enlists: true);

public abstract class PooledInboxRepositoryConformance(PostgresServer server, PgBouncer pooler, bool enlists)
    : InboxRepositoryConformance, IClassFixture<PgBouncer>
{
    private protected override async Task<InboxHarness> CreateHarnessAsync()
    {
        var owner = await PostgresInboxHarness.CreateAsync(server, enlists, use: PooledUser.Of(pooler));
        var user = await owner.Schema.KeepAsync(() => PooledUser.CreateAsync(owner.Schema, pooler));
        return new InboxThrough(owner, () => owner.CreateRepository(user.DataSource), connections: null);
    }
}

/// <summary>Through a transaction pooler jobs are held and remembered.</summary>
public sealed class PooledPostgresJobStoreTests(PostgresServer server, PgBouncer pooler) : JobStoreConformance, IClassFixture<PgBouncer>
{
    private PostgresSchema _schema = null!;
    private PooledUser _user = null!;

    public override async ValueTask DisposeAsync()
    {
        await _user.DisposeAsync();
        await _schema.DisposeAsync();
    }

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        _user = await PooledUser.CreateAsync(_schema, pooler);
        return new PostgresJobStore(new PostgresConnections(_user.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _schema.PassAsync(time);
}
