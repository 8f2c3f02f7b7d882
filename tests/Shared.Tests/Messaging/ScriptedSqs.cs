using System.Net;
using System.Text;
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

    /// <summary>The most bytes of a single message that it takes, with attributes.</summary>
    internal int MaxBytes { get; set; } = 1_048_576;

    /// <summary>The single messages that it took.</summary>
    internal List<SendMessageRequest> Singles { get; } = [];

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

    public override Task<SendMessageResponse> SendMessageAsync(SendMessageRequest request, CancellationToken cancellationToken = default)
    {
        if (SizeOf(request) > MaxBytes || request.MessageAttributes.Count > 10)
        {
            throw Error("InvalidParameterValue");
        }

        Singles.Add(request);
        return Task.FromResult(new SendMessageResponse { MessageId = "m" });
    }

    /// <summary>A message's size as SQS counts it.</summary>
    internal static int SizeOf(SendMessageRequest request) => Encoding.UTF8.GetByteCount(request.MessageBody)
        + request.MessageAttributes.Sum(attribute =>
            attribute.Key.Length + attribute.Value.DataType.Length
            + Encoding.UTF8.GetByteCount(attribute.Value.StringValue ?? "") + (int)(attribute.Value.BinaryValue?.Length ?? 0));

    internal static SendMessageBatchResponse AcceptAll(SendMessageBatchRequest request) => new()
    {
        Successful = [.. request.Entries.Select(entry => new SendMessageBatchResultEntry { Id = entry.Id, MessageId = "m" })],
    };

    internal static AmazonSQSException Error(string code, HttpStatusCode status = HttpStatusCode.BadRequest) =>
        new("made by a test", null!, ErrorType.Sender, code, "request", status);
}
