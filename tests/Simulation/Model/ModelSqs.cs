using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>The queue service without a network: what the client's calls do to the model queue.</summary>
internal sealed class ModelSqs : AmazonSQSClient
{
    private const string Dead = "http://127.0.0.1/dead";

    private static readonly BasicAWSCredentials Nobody = new("local", "local");
    private static readonly AmazonSQSConfig Nowhere = new() { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" };

    // Making a client takes longer than most of what a seed does.
    [ThreadStatic]
    private static List<ModelSqs>? _made;

    private IQueueServer _server;

    private ModelSqs(IQueueServer server)
        : base(Nobody, Nowhere) => _server = server;

    internal static string QueueUrl(bool isFifo) => $"http://127.0.0.1/queue{(isFifo ? ".fifo" : "")}";

    internal static string DeadLetterQueueUrl(bool isFifo) => $"{Dead}{(isFifo ? ".fifo" : "")}";

    internal static bool IsDead(string queueUrl) => queueUrl.StartsWith(Dead, StringComparison.Ordinal);

    /// <summary>The client of a process: one that an earlier seed has left behind, or a new one.</summary>
    internal static ModelSqs Get(int process, IQueueServer server)
    {
        var made = _made ??= [];
        while (made.Count <= process)
        {
            made.Add(new ModelSqs(server));
        }

        made[process]._server = server;
        return made[process];
    }

    public override Task<SendMessageBatchResponse> SendMessageBatchAsync(
        SendMessageBatchRequest request, CancellationToken cancellationToken = default) =>
        _server.SendBatchAsync(request, cancellationToken);

    public override Task<SendMessageResponse> SendMessageAsync(
        SendMessageRequest request, CancellationToken cancellationToken = default) =>
        _server.SendAsync(request, cancellationToken);

    public override Task<ReceiveMessageResponse> ReceiveMessageAsync(
        ReceiveMessageRequest request, CancellationToken cancellationToken = default) =>
        _server.ReceiveDeadAsync(request, cancellationToken);

    public override Task<DeleteMessageResponse> DeleteMessageAsync(
        string queueUrl, string receiptHandle, CancellationToken cancellationToken = default) =>
        _server.DeleteDeadAsync(receiptHandle, cancellationToken);

    public override Task<ChangeMessageVisibilityResponse> ChangeMessageVisibilityAsync(
        string queueUrl, string receiptHandle, int? visibilityTimeout, CancellationToken cancellationToken = default) =>
        _server.HoldDeadAsync(receiptHandle, TimeSpan.FromSeconds(visibilityTimeout ?? 0), cancellationToken);

    public override Task<GetQueueAttributesResponse> GetQueueAttributesAsync(
        GetQueueAttributesRequest request, CancellationToken cancellationToken = default) =>
        _server.CountDeadAsync(cancellationToken);

    public override Task<ChangeMessageVisibilityBatchResponse> ChangeMessageVisibilityBatchAsync(
        ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken = default) =>
        _server.ChangeVisibilityAsync(request, cancellationToken);
}
