using Relaybox.DynamoDb;
using Relaybox.Maintenance;
using Relaybox.MongoDb;
using Relaybox.MySql;
using Relaybox.Postgres;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class DynamoDbJobStoreTests(DynamoDbLocal dynamoDb) : JobStoreConformance
{
    private readonly SkippingTimeProvider _clock = new();
    private string _table = "";

    public override async ValueTask DisposeAsync() => await dynamoDb.Client.DeleteTableAsync(_table);

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _table = await DynamoDbTables.CreateSimpleAsync(dynamoDb.Client, "job");
        return new DynamoDbJobStore(dynamoDb.Client, _table, _clock, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time)
    {
        _clock.Skip(time);
        return Task.CompletedTask;
    }
}

public sealed class PostgresJobStoreTests(PostgresServer server) : JobStoreConformance
{
    private PostgresSchema _schema = null!;

    public override ValueTask DisposeAsync() => _schema.DisposeAsync();

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        return new PostgresJobStore(new PostgresConnections(_schema.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _schema.PassAsync(time);
}

public sealed class MongoJobStoreTests(MongoDbServer server) : JobStoreConformance
{
    private MongoTestDatabase _database = null!;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _database = await MongoTestDatabase.CreateAsync(server);
        return new MongoJobStore(_database.Connect(), TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _database.PassAsync(time);
}

public sealed class MySqlJobStoreTests(MySqlServer server) : JobStoreConformance
{
    private MySqlSchema _schema = null!;

    public override ValueTask DisposeAsync() => _schema.DisposeAsync();

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _schema = await MySqlSchema.CreateAsync(server);
        return new MySqlJobStore(new MySqlConnections(_schema.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _schema.PassAsync(time);
}

public sealed class RedisJobStoreTests(RedisServer server) : JobStoreConformance
{
    private RedisTestKeys _keys = null!;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<IJobStore> CreateStoreAsync()
    {
        _keys = await RedisTestKeys.CreateAsync(server);
        return new RedisJobStore(_keys.Connect(), _keys.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    protected override Task PassAsync(TimeSpan time) => _keys.PassAsync(time);
}
