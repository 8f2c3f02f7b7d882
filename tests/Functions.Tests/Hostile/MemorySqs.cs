using System.Collections.Concurrent;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>A queue and its dead-letter queue in memory, which refuse what SQS refuses.</summary>
internal sealed class MemorySqs() : AmazonSQSClient(
    new BasicAWSCredentials("local", "local"), new AmazonSQSConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" })
{
    internal ConcurrentQueue<SendMessageBatchRequestEntry> Sent { get; } = [];

    internal ConcurrentQueue<SendMessageRequest> Dead { get; } = [];

    /// <summary>How long each message that was not done with is hidden.</summary>
    internal ConcurrentQueue<TimeSpan> Delays { get; } = [];

    public override Task<SendMessageBatchResponse> SendMessageBatchAsync(
        SendMessageBatchRequest request, CancellationToken cancellationToken = default)
    {
        foreach (var entry in request.Entries)
        {
            Check(entry.MessageBody, entry.MessageAttributes);
            Sent.Enqueue(entry);
        }

        return Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [.. request.Entries.Select(entry => new SendMessageBatchResultEntry { Id = entry.Id, MessageId = "m" })],
        });
    }

    public override Task<SendMessageResponse> SendMessageAsync(SendMessageRequest request, CancellationToken cancellationToken = default)
    {
        Dead.Enqueue(request);
        return Task.FromResult(new SendMessageResponse());
    }

    public override Task<ChangeMessageVisibilityBatchResponse> ChangeMessageVisibilityBatchAsync(
        ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(Note(request));

    private ChangeMessageVisibilityBatchResponse Note(ChangeMessageVisibilityBatchRequest request)
    {
        foreach (var entry in request.Entries)
        {
            Delays.Enqueue(TimeSpan.FromSeconds(entry.VisibilityTimeout ?? 0));
        }

        return new ChangeMessageVisibilityBatchResponse();
    }

    private static void Check(string body, Dictionary<string, MessageAttributeValue> attributes)
    {
        Assert.NotEmpty(body);
        Assert.InRange(attributes.Count, 0, 10);
        foreach (var text in attributes.Values.Select(value => value.StringValue).Append(body))
        {
            Assert.NotEmpty(text);
            Assert.DoesNotContain(text, c => c is < ' ' and not ('\t' or '\n' or '\r') or '\uFFFE' or '\uFFFF');
        }
    }
}
