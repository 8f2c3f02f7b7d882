using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>How the model queue answers.</summary>
internal interface IQueueServer
{
    Task<SendMessageBatchResponse> SendBatchAsync(SendMessageBatchRequest request, CancellationToken cancellationToken);

    Task<SendMessageResponse> SendDeadAsync(SendMessageRequest request, CancellationToken cancellationToken);

    Task<ChangeMessageVisibilityBatchResponse> ChangeVisibilityAsync(
        ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken);
}
