using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Relaybox.Benchmarks.Allocation;

/// <summary>A queue that takes everything and keeps nothing.</summary>
internal sealed class TakingSqs() : AmazonSQSClient(
    new BasicAWSCredentials("local", "local"), new AmazonSQSConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" })
{
    public override Task<SendMessageBatchResponse> SendMessageBatchAsync(SendMessageBatchRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new SendMessageBatchResponse
        {
            Successful = request.Entries.ConvertAll(entry => new SendMessageBatchResultEntry { Id = entry.Id }),
        });
}
