namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>The stacks of all examples, each started by the first test that needs it.</summary>
public sealed class ExampleStacks : IAsyncLifetime
{
    private readonly Lazy<Task<ExampleStack>> _dynamoDb = new(DynamoDbExampleStack.StartAsync);
    private readonly Lazy<Task<ExampleStack>> _postgres = new(PostgresExampleStack.StartAsync);
    private readonly Lazy<Task<ExampleStack>> _mySql = new(MySqlExampleStack.StartAsync);
    private readonly Lazy<Task<ExampleStack>> _redis = new(RedisExampleStack.StartAsync);
    private readonly Lazy<Task<ExampleStack>> _mongoDb = new(MongoDbExampleStack.StartAsync);

    internal Task<ExampleStack> DynamoDb => _dynamoDb.Value;

    internal Task<ExampleStack> Postgres => _postgres.Value;

    internal Task<ExampleStack> MySql => _mySql.Value;

    internal Task<ExampleStack> Redis => _redis.Value;

    internal Task<ExampleStack> MongoDb => _mongoDb.Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var stack in new[] { _dynamoDb, _postgres, _mySql, _redis, _mongoDb })
        {
            if (stack.IsValueCreated && stack.Value.IsCompletedSuccessfully)
            {
                await (await stack.Value).DisposeAsync();
            }
        }
    }
}
