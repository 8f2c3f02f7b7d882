using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Testing.Http;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>What comes back when the service answers.</summary>
public class ResponseTests
{
    private const string Url = Clients.QueueUrl;
    private const string DigestOfA = "0cc175b9c0f1b6a831c399e269772661";

    // Of the one attribute a = String "v", after the encoding that the SQS developer guide describes.
    private const string DigestOfAttributeA = "a18cbb58171ebf4ce88d9fb787f9210b";

    [Fact]
    public async Task A_batch_can_succeed_and_fail_in_parts()
    {
        var response = await AskAsync(
            $$"""
            {"Successful":[{"Id":"0","MessageId":"m-0","MD5OfMessageBody":"{{DigestOfA}}","SequenceNumber":"18"}],
             "Failed":[{"Id":"1","SenderFault":true,"Code":"InvalidMessageContents","Message":"no"},
                       {"Id":"2","SenderFault":false,"Code":"InternalError"}]}
            """,
            sqs => sqs.SendMessageBatchAsync(Url, [new("0", "a"), new("1", "b"), new("2", "c")]));

        var sent = Assert.Single(response.Successful);
        Assert.Equal(("0", "m-0", "18", DigestOfA), (sent.Id, sent.MessageId, sent.SequenceNumber, sent.MD5OfMessageBody));
        Assert.Equal(["1", "2"], response.Failed.Select(failed => failed.Id));
        Assert.True(response.Failed[0].SenderFault);
        Assert.Equal(("InvalidMessageContents", "no"), (response.Failed[0].Code, response.Failed[0].Message));
        Assert.False(response.Failed[1].SenderFault);
        Assert.Null(response.Failed[1].Message);
    }

    [Fact]
    public async Task Lists_that_are_not_in_the_answer_are_null()
    {
        var sent = await AskAsync(
            $$"""{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"{{DigestOfA}}"}]}""",
            sqs => sqs.SendMessageBatchAsync(Url, [new("0", "a")]));
        var received = await AskAsync("{}", sqs => sqs.ReceiveMessageAsync(Url));

        Assert.Null(sent.Failed);
        Assert.Null(received.Messages);
    }

    [Fact]
    public async Task A_received_message_has_its_attributes()
    {
        var response = await AskAsync(
            $$"""
            {"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"a","MD5OfBody":"{{DigestOfA}}",
              "Attributes":{"ApproximateReceiveCount":"2","SentTimestamp":"1763812345678"},
              "MD5OfMessageAttributes":"{{DigestOfAttributeA}}",
              "MessageAttributes":{"a":{"StringValue":"v","DataType":"String"} } }]}
            """,
            sqs => sqs.ReceiveMessageAsync(Url));

        var message = Assert.Single(response.Messages);
        Assert.Equal(("m", "r", "a"), (message.MessageId, message.ReceiptHandle, message.Body));
        Assert.Equal("2", message.Attributes["ApproximateReceiveCount"]);
        Assert.Equal("v", message.MessageAttributes["a"].StringValue);
        Assert.Null(message.MessageAttributes["a"].BinaryValue);
    }

    [Fact]
    public async Task Queue_attributes_are_there_as_text_and_as_counts()
    {
        var response = await AskAsync(
            """
            {"Attributes":{"ApproximateNumberOfMessages":"7","ApproximateNumberOfMessagesNotVisible":"3",
             "ApproximateNumberOfMessagesDelayed":"1","QueueArn":"arn:aws:sqs:eu-west-3:123456789012:orders"}}
            """,
            sqs => sqs.GetQueueAttributesAsync(Url, ["All"]));

        Assert.Equal("7", response.Attributes["ApproximateNumberOfMessages"]);
        Assert.Equal(7, response.ApproximateNumberOfMessages);
        Assert.Equal(3, response.ApproximateNumberOfMessagesNotVisible);
        Assert.Equal(1, response.ApproximateNumberOfMessagesDelayed);
        Assert.Equal("arn:aws:sqs:eu-west-3:123456789012:orders", response.QueueARN);
    }

    [Fact]
    public async Task Queues_are_found_and_listed()
    {
        var created = await AskAsync("""{"QueueUrl":"http://q"}""", sqs => sqs.CreateQueueAsync("q"));
        var found = await AskAsync("""{"QueueUrl":"http://q"}""", sqs => sqs.GetQueueUrlAsync("q"));
        var listed = await AskAsync(
            """{"QueueUrls":["http://a","http://b"],"NextToken":"n"}""", sqs => sqs.ListQueuesAsync("p"));

        Assert.Equal("http://q", created.QueueUrl);
        Assert.Equal("http://q", found.QueueUrl);
        Assert.Equal(["http://a", "http://b"], listed.QueueUrls);
        Assert.Equal("n", listed.NextToken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    public async Task An_answer_may_be_empty_where_there_is_nothing_to_say(string body)
    {
        var response = await AskAsync(body, sqs => sqs.DeleteMessageAsync(Url, "r"));

        Assert.Equal(System.Net.HttpStatusCode.OK, response.HttpStatusCode);
        Assert.Equal("request-1", response.ResponseMetadata.RequestId);
    }

    [Fact]
    public async Task A_message_that_was_changed_on_the_way_is_not_a_success()
    {
        const string Wrong = "00000000000000000000000000000000";
        var attributes = new Dictionary<string, MessageAttributeValue>
        {
            ["a"] = new() { DataType = "String", StringValue = "v" },
        };

        await RefusesAsync(
            $$"""{"MessageId":"m","MD5OfMessageBody":"{{Wrong}}"}""", sqs => sqs.SendMessageAsync(Url, "a"));
        await RefusesAsync(
            $$"""{"MessageId":"m","MD5OfMessageBody":"{{DigestOfA}}","MD5OfMessageAttributes":"{{Wrong}}"}""",
            sqs => sqs.SendMessageAsync(new SendMessageRequest(Url, "a") { MessageAttributes = attributes }));
        await RefusesAsync(
            $$"""{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"{{Wrong}}"}]}""",
            sqs => sqs.SendMessageBatchAsync(Url, [new("0", "a")]));
        await RefusesAsync(
            $$"""{"Messages":[{"MessageId":"m","Body":"a","MD5OfBody":"{{Wrong}}"}]}""",
            sqs => sqs.ReceiveMessageAsync(Url));
        await AskAsync(
            $$"""{"MessageId":"m","MD5OfMessageBody":"{{DigestOfA}}","MD5OfMessageAttributes":"{{DigestOfAttributeA}}"}""",
            sqs => sqs.SendMessageAsync(new SendMessageRequest(Url, "a") { MessageAttributes = attributes }));
    }

    private static async Task<T> AskAsync<T>(string answer, Func<IAmazonSQS, Task<T>> call)
    {
        await using var server = new ScriptedServer(
            _ => HttpAnswer.Json(200, answer, ("x-amzn-RequestId", "request-1")));
        using var client = Clients.For(server);
        return await call(client);
    }

    private static async Task RefusesAsync<T>(string answer, Func<IAmazonSQS, Task<T>> call)
    {
        var exception = await Assert.ThrowsAsync<AmazonSQSException>(() => AskAsync(answer, call));
        Assert.Contains("MD5", exception.Message, StringComparison.Ordinal);
    }
}
