using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>How the model queue answers.</summary>
internal interface IQueueServer
{
    Task<SendMessageBatchResponse> SendBatchAsync(SendMessageBatchRequest request, CancellationToken cancellationToken);

    Task<SendMessageResponse> SendAsync(SendMessageRequest request, CancellationToken cancellationToken);

    /// <summary>Dead letters are received here; Lambda receives the others.</summary>
    Task<ReceiveMessageResponse> ReceiveDeadAsync(ReceiveMessageRequest request, CancellationToken cancellationToken);

    Task<DeleteMessageResponse> DeleteDeadAsync(string receiptHandle, CancellationToken cancellationToken);

    Task<ChangeMessageVisibilityResponse> HoldDeadAsync(string receiptHandle, TimeSpan time, CancellationToken cancellationToken);

    Task<GetQueueAttributesResponse> CountDeadAsync(CancellationToken cancellationToken);

    Task<ChangeMessageVisibilityBatchResponse> ChangeVisibilityAsync(
        ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken);
}
