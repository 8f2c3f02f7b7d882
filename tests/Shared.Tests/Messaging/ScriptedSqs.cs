using System.Net;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A queue that answers batches as a test says, without a network.</summary>
internal sealed class ScriptedSqs : AmazonSQSClient
{
    private readonly Lock _gate = new();
    private readonly List<SendMessageBatchRequest> _requests = [];

    internal ScriptedSqs()
        : base(
            new BasicAWSCredentials("local", "local"), new AmazonSQSConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" })
    {
    }

    internal Func<SendMessageBatchRequest, CancellationToken, Task<SendMessageBatchResponse>> OnSend { get; set; } =
        (request, _) => Task.FromResult(AcceptAll(request));

    internal IReadOnlyList<SendMessageBatchRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    public override Task<SendMessageBatchResponse> SendMessageBatchAsync(
        SendMessageBatchRequest request, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _requests.Add(request);
        }

        return OnSend(request, cancellationToken);
    }

    internal static SendMessageBatchResponse AcceptAll(SendMessageBatchRequest request) => new()
    {
        Successful = [.. request.Entries.Select(entry => new SendMessageBatchResultEntry { Id = entry.Id, MessageId = "m" })],
    };

    internal static AmazonSQSException Error(string code, HttpStatusCode status = HttpStatusCode.BadRequest) =>
        new("made by a test", null!, ErrorType.Sender, code, "request", status);
}
