using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;

namespace Relaybox.Benchmarks.Allocation;

/// <summary>A table on which every statement succeeds.</summary>
internal sealed class TakingDynamoDb() : AmazonDynamoDBClient(
    new BasicAWSCredentials("local", "local"), new AmazonDynamoDBConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" })
{
    public override Task<BatchExecuteStatementResponse> BatchExecuteStatementAsync(
        BatchExecuteStatementRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new BatchExecuteStatementResponse { Responses = request.Statements.ConvertAll(_ => new BatchStatementResponse()) });
}
