namespace Relaybox.Local.Stores.DynamoDb;

/// <summary>DynamoDB: the emulator, in memory.</summary>
internal sealed class DynamoDbLocalStore : ILocalStore
{
    public string Name => "dynamodb";

    public IReadOnlyList<string> Ports => ["DynamoDB"];

    public StoreRun Create(IReadOnlyList<int> ports) => new DynamoDbRun(ports[0]);
}
