using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Local.Aws;

namespace Relaybox.Benchmarks.DynamoDb;

/// <summary>A client that asks each call what it consumed, and adds it up.</summary>
internal sealed class CountingDynamoDb(Uri endpoint) : AmazonDynamoDBClient(
    new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey),
    new AmazonDynamoDBConfig { ServiceURL = endpoint.ToString(), AuthenticationRegion = LocalAws.Region, Timeout = TimeSpan.FromSeconds(30) })
{
    private readonly Lock _gate = new();
    private Consumed _total = new(0, 0, 0);

    /// <summary>What has been consumed since the last time that this was asked.</summary>
    public Consumed Take()
    {
        lock (_gate)
        {
            var taken = _total;
            _total = new Consumed(0, 0, 0);
            return taken;
        }
    }

    public override async Task<PutItemResponse> PutItemAsync(PutItemRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.PutItemAsync(request, cancellationToken);
        return Write(response, response.ConsumedCapacity);
    }

    public override async Task<UpdateItemResponse> UpdateItemAsync(UpdateItemRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.UpdateItemAsync(request, cancellationToken);
        return Write(response, response.ConsumedCapacity);
    }

    public override async Task<DeleteItemResponse> DeleteItemAsync(DeleteItemRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.DeleteItemAsync(request, cancellationToken);
        return Write(response, response.ConsumedCapacity);
    }

    public override async Task<BatchExecuteStatementResponse> BatchExecuteStatementAsync(
        BatchExecuteStatementRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.BatchExecuteStatementAsync(request, cancellationToken);
        return Write(response, [.. response.ConsumedCapacity ?? []]);
    }

    public override async Task<TransactWriteItemsResponse> TransactWriteItemsAsync(
        TransactWriteItemsRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.TransactWriteItemsAsync(request, cancellationToken);
        return Write(response, [.. response.ConsumedCapacity ?? []]);
    }

    public override async Task<QueryResponse> QueryAsync(QueryRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.QueryAsync(request, cancellationToken);
        return Read(response, response.ConsumedCapacity);
    }

    public override async Task<BatchGetItemResponse> BatchGetItemAsync(BatchGetItemRequest request, CancellationToken cancellationToken = default)
    {
        request.ReturnConsumedCapacity = ReturnConsumedCapacity.INDEXES;
        var response = await base.BatchGetItemAsync(request, cancellationToken);
        return Read(response, [.. response.ConsumedCapacity ?? []]);
    }

    private T Write<T>(T response, params ConsumedCapacity?[] consumed) => Add(response, consumed, isWrite: true);

    private T Read<T>(T response, params ConsumedCapacity?[] consumed) => Add(response, consumed, isWrite: false);

    private T Add<T>(T response, ConsumedCapacity?[] consumed, bool isWrite)
    {
        var units = consumed.Sum(capacity => capacity?.CapacityUnits ?? 0);
        lock (_gate)
        {
            _total = new Consumed(
                _total.WriteUnits + (isWrite ? units : 0), _total.ReadUnits + (isWrite ? 0 : units), _total.Requests + 1);
        }

        return response;
    }
}
