using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Testing.Http;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>The exact requests that go out.</summary>
public class RequestTests
{
    private const string Url = Clients.QueueUrl;

    public static TheoryData<string> Operations => [.. Calls.Keys];

    // Operation, call, body.
    private static readonly Dictionary<string, (Func<IAmazonSQS, Task> Call, string Body)> Calls = new()
    {
        ["SendMessage"] = (
            sqs => sqs.SendMessageAsync(new SendMessageRequest(Url, "b")
            {
                DelaySeconds = 0,
                MessageGroupId = "g",
                MessageDeduplicationId = "d",
                MessageAttributes = new() { ["a"] = new() { DataType = "String", StringValue = "v" } },
            }),
            """
            {"DelaySeconds":0,"MessageAttributes":{"a":{"DataType":"String","StringValue":"v"}},"MessageBody":"b",
            "MessageDeduplicationId":"d","MessageGroupId":"g","QueueUrl":"URL"}
            """),
        ["SendMessageBatch"] = (
            sqs => sqs.SendMessageBatchAsync(new SendMessageBatchRequest(Url,
            [
                new("0", "a") { DelaySeconds = 3 },
                new("1", "é\"") { MessageAttributes = new() { ["raw"] = new()
                    { DataType = "Binary", BinaryValue = new MemoryStream([0xFB, 0xFF]) } } },
            ])),
            """
            {"Entries":[{"DelaySeconds":3,"Id":"0","MessageBody":"a"},{"Id":"1",
            "MessageAttributes":{"raw":{"BinaryValue":"\u002B/8=","DataType":"Binary"}},
            "MessageBody":"\u00E9\u0022"}],"QueueUrl":"URL"}
            """),
        ["ReceiveMessage"] = (
            sqs => sqs.ReceiveMessageAsync(new ReceiveMessageRequest(Url)
            {
                MaxNumberOfMessages = 10,
                MessageAttributeNames = ["All"],
                MessageSystemAttributeNames = ["ApproximateReceiveCount"],
                VisibilityTimeout = 30,
                WaitTimeSeconds = 0,
            }),
            """
            {"MaxNumberOfMessages":10,"MessageAttributeNames":["All"],
            "MessageSystemAttributeNames":["ApproximateReceiveCount"],"QueueUrl":"URL","VisibilityTimeout":30,
            "WaitTimeSeconds":0}
            """),
        ["DeleteMessage"] = (
            sqs => sqs.DeleteMessageAsync(Url, "r"), """{"QueueUrl":"URL","ReceiptHandle":"r"}"""),
        ["DeleteMessageBatch"] = (
            sqs => sqs.DeleteMessageBatchAsync(Url, [new("0", "r")]),
            """{"Entries":[{"Id":"0","ReceiptHandle":"r"}],"QueueUrl":"URL"}"""),
        ["ChangeMessageVisibility"] = (
            sqs => sqs.ChangeMessageVisibilityAsync(Url, "r", 12),
            """{"QueueUrl":"URL","ReceiptHandle":"r","VisibilityTimeout":12}"""),
        ["ChangeMessageVisibilityBatch"] = (
            sqs => sqs.ChangeMessageVisibilityBatchAsync(Url, [new("0", "r") { VisibilityTimeout = 0 }]),
            """{"Entries":[{"Id":"0","ReceiptHandle":"r","VisibilityTimeout":0}],"QueueUrl":"URL"}"""),
        ["CreateQueue"] = (
            sqs => sqs.CreateQueueAsync(new CreateQueueRequest("q") { Attributes = new() { ["DelaySeconds"] = "1" } }),
            """{"Attributes":{"DelaySeconds":"1"},"QueueName":"q"}"""),
        ["GetQueueUrl"] = (sqs => sqs.GetQueueUrlAsync("q"), """{"QueueName":"q"}"""),
        ["GetQueueAttributes"] = (
            sqs => sqs.GetQueueAttributesAsync(Url, ["All"]), """{"AttributeNames":["All"],"QueueUrl":"URL"}"""),
        ["SetQueueAttributes"] = (
            sqs => sqs.SetQueueAttributesAsync(Url, new() { ["VisibilityTimeout"] = "9" }),
            """{"Attributes":{"VisibilityTimeout":"9"},"QueueUrl":"URL"}"""),
        ["PurgeQueue"] = (sqs => sqs.PurgeQueueAsync(Url), """{"QueueUrl":"URL"}"""),
        ["ListQueues"] = (
            sqs => sqs.ListQueuesAsync(new ListQueuesRequest("p") { MaxResults = 5, NextToken = "n" }),
            """{"MaxResults":5,"NextToken":"n","QueueNamePrefix":"p"}"""),
        ["DeleteQueue"] = (sqs => sqs.DeleteQueueAsync(Url), """{"QueueUrl":"URL"}"""),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Every_operation_is_posted_to_the_configured_endpoint_with_its_target_and_exact_body(string operation)
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        using var client = Clients.For(server);
        var (call, body) = Calls[operation];

        await call(client);

        var request = Assert.Single(server.Requests);
        Assert.Equal(("POST", "/"), (request.Method, request.Path));
        Assert.Equal(server.Authority, request.Header("Host"));
        Assert.Equal("application/x-amz-json-1.0", request.Header("Content-Type"));
        Assert.Equal("AmazonSQS." + operation, request.Header("X-Amz-Target"));
        Assert.Equal(body.ReplaceLineEndings("").Replace("URL", Url, StringComparison.Ordinal), request.Text);
    }

    [Fact]
    public async Task Requests_are_signed_with_version_4()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        using var client = Clients.For(server);

        await client.SendMessageAsync(Url, "body");

        var request = Assert.Single(server.Requests);
        var signed = request.Header("Authorization");
        Assert.Equal(SigV4.Expected(request, Clients.AccessKey, Clients.SecretKey, Clients.Region), signed);
        Assert.Contains("host;", signed, StringComparison.Ordinal);
        Assert.Contains("x-amz-target", signed, StringComparison.Ordinal);
        Assert.Contains("x-amz-date", signed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_of_a_session_is_sent_and_signed()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        var config = new AmazonSQSConfig { ServiceURL = server.Url, AuthenticationRegion = Clients.Region };
        using var client = new AmazonSQSClient(
            new SessionAWSCredentials(Clients.AccessKey, Clients.SecretKey, "the-token"), config);

        await client.SendMessageAsync(Url, "body");

        var request = Assert.Single(server.Requests);
        Assert.Equal("the-token", request.Header("X-Amz-Security-Token"));
        Assert.Contains("x-amz-security-token", request.Header("Authorization"), StringComparison.Ordinal);
        Assert.Equal(
            SigV4.Expected(request, Clients.AccessKey, Clients.SecretKey, Clients.Region),
            request.Header("Authorization"));
    }
}
