using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Relaybox.Benchmarks.Queues;

/// <summary>A queue service without a network that takes the same time for each call.</summary>
internal sealed class DelayedSqs(TimeSpan delay) : AmazonSQSClient(
    new BasicAWSCredentials("bench", "bench"),
    new AmazonSQSConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" })
{
    public const string QueueUrl = "http://127.0.0.1/1/bench";

    private int _calls;

    public int Calls => _calls;

    public override async Task<SendMessageBatchResponse> SendMessageBatchAsync(
        SendMessageBatchRequest request, CancellationToken cancellationToken = default)
    {
        await AnswerAsync(cancellationToken);
        return new SendMessageBatchResponse
        {
            Successful = request.Entries.ConvertAll(entry => new SendMessageBatchResultEntry { Id = entry.Id, MessageId = entry.Id }),
        };
    }

    public override async Task<SendMessageResponse> SendMessageAsync(
        SendMessageRequest request, CancellationToken cancellationToken = default)
    {
        await AnswerAsync(cancellationToken);
        return new SendMessageResponse { MessageId = "1" };
    }

    private async Task AnswerAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, cancellationToken);
        }
    }
}
