namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>The two stacks of all examples, each started by the first test that needs it.</summary>
public sealed class ExampleStacks : IAsyncLifetime
{
    private readonly Lazy<Task<ExampleStack>> _dynamoDb = new(DynamoDbExampleStack.StartAsync);
    private readonly Lazy<Task<ExampleStack>> _postgres = new(PostgresExampleStack.StartAsync);

    internal Task<ExampleStack> DynamoDb => _dynamoDb.Value;

    internal Task<ExampleStack> Postgres => _postgres.Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var stack in new[] { _dynamoDb, _postgres })
        {
            if (stack.IsValueCreated && stack.Value.IsCompletedSuccessfully)
            {
                await (await stack.Value).DisposeAsync();
            }
        }
    }
}
