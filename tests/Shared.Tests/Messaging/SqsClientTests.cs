using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using Amazon.SQS;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing.Http;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The publisher through the official client, against a server that answers to the byte what a test says.</summary>
public class SqsClientTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_a_batch_that_is_half_accepted_each_event_has_its_own_outcome()
    {
        await using var server = new ScriptedServer(request => HttpAnswer.Json(200, $$"""
            {"Successful":[{"Id":"{{IdOf(request, 0)}}","MessageId":"m-0","MD5OfMessageBody":"{{DigestOf(request, 0)}}"}],
             "Failed":[{"Id":"{{IdOf(request, 1)}}","SenderFault":true,"Code":"InvalidParameterValue","Message":"no"},
                       {"Id":"{{IdOf(request, 2)}}","SenderFault":false,"Code":"InternalError"}]}
            """));

        // The fourth is in neither list.
        Assert.Equal(
            [PublishStatus.Accepted, PublishStatus.Rejected, PublishStatus.Unknown, PublishStatus.Unknown], await StatusesAsync(server, 4));
    }

    [Fact]
    public async Task Lists_that_are_missing_from_the_answer_accept_nothing()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        Assert.Equal([PublishStatus.Unknown, PublishStatus.Unknown], await StatusesAsync(server, 2));
    }

    [Fact]
    public async Task A_message_that_was_changed_on_the_way_is_not_accepted()
    {
        await using var server = new ScriptedServer(request => HttpAnswer.Json(200, $$"""
            {"Successful":[{"Id":"{{IdOf(request, 0)}}","MessageId":"m","MD5OfMessageBody":"00000000000000000000000000000000"}]}
            """));
        Assert.NotEqual(PublishStatus.Accepted, Assert.Single(await StatusesAsync(server, 1)));
    }

    [Theory]
    [InlineData(400, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")]
    [InlineData(403, null, "AccessDeniedException")]
    [InlineData(400, null, "KmsAccessDenied")]
    [InlineData(403, null, "RequestThrottled")]
    [InlineData(500, null, "InternalFailure")]
    [InlineData(503, null, "ServiceUnavailable")]
    public async Task What_says_nothing_about_the_messages_is_an_outage(int status, string? queryError, string type)
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(
            status,
            $$"""{"__type":"com.amazonaws.sqs#{{type}}","message":"no"}""",
            queryError is null ? [] : [("x-amzn-query-error", $"{queryError};Sender")]));
        Assert.Equal([PublishStatus.Unavailable, PublishStatus.Unavailable], await StatusesAsync(server, 2));
    }

    [Theory]
    [InlineData(500, "InternalFailure")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(403, "RequestThrottled")]
    [InlineData(400, "ThrottlingException")]
    public async Task Throttling_and_errors_of_the_service_are_tried_again_with_the_same_messages(int status, string type)
    {
        var left = 1;
        await using var server = new ScriptedServer(request => Interlocked.Decrement(ref left) >= 0
            ? HttpAnswer.Json(status, $$"""{"__type":"com.amazonaws.sqs#{{type}}","message":"later"}""")
            : Accepting(request));
        Assert.Equal([PublishStatus.Accepted], await StatusesAsync(server, 1, retries: 2));
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal(server.Requests[0].Text, server.Requests[1].Text);
    }

    [Fact]
    public async Task An_answer_that_is_lost_or_no_json_accepts_nothing()
    {
        await using (var hangingUp = new ScriptedServer(_ => HttpAnswer.HangUp))
        {
            Assert.NotEqual(PublishStatus.Accepted, Assert.Single(await StatusesAsync(hangingUp, 1)));
        }

        await using (var gateway = new ScriptedServer(
            _ => new HttpAnswer(502, "<html>Bad gateway</html>"u8.ToArray(), ("Content-Type", "text/html"))))
        {
            Assert.NotEqual(PublishStatus.Accepted, Assert.Single(await StatusesAsync(gateway, 1)));
        }

        await using var garbled = new ScriptedServer(_ => HttpAnswer.Json(200, """{"Successful":[{"Id":"0","""));
        Assert.NotEqual(PublishStatus.Accepted, Assert.Single(await StatusesAsync(garbled, 1)));
    }

    [Fact]
    public async Task A_queue_out_of_reach_is_an_outage()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();
        Assert.Equal([PublishStatus.Unavailable], await StatusesAsync(url, 1, retries: 1, Ct));
    }

    [Fact]
    public async Task The_deadline_ends_a_call_that_waits_for_its_answer()
    {
        using var deadline = new CancellationTokenSource();
        await using var server = new ScriptedServer(async (_, stop) =>
        {
            await deadline.CancelAsync();
            await Task.Delay(Timeout.Infinite, stop);
            return HttpAnswer.HangUp;
        });
        Assert.Equal([PublishStatus.Unavailable], await StatusesAsync(server.Url, 1, retries: 0, deadline.Token));
    }

    private static Task<IEnumerable<PublishStatus>> StatusesAsync(ScriptedServer server, int events, int retries = 0) =>
        StatusesAsync(server.Url, events, retries, Ct);

    private static async Task<IEnumerable<PublishStatus>> StatusesAsync(string url, int events, int retries, CancellationToken cancellationToken)
    {
        using var client = new AmazonSQSClient(
            new BasicAWSCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            new AmazonSQSConfig { ServiceURL = url, AuthenticationRegion = "eu-west-3", MaxErrorRetry = retries });
        var publisher = new SqsMessagePublisher(
            client,
            new EnvelopeFormat(),
            new SqsPublisherOptions { QueueUrl = $"{url}/123456789012/orders" },
            TimeProvider.System,
            NullLogger<SqsMessagePublisher>.Instance);
        var outcomes = await publisher.PublishAsync([.. Enumerable.Range(0, events).Select(i => Sample.Event($"e-{i}"))], cancellationToken);
        return outcomes.Select(outcome => outcome.Status);
    }

    private static HttpAnswer Accepting(HttpExchange request) => HttpAnswer.Json(
        200, $$"""{"Successful":[{"Id":"{{IdOf(request, 0)}}","MessageId":"m","MD5OfMessageBody":"{{DigestOf(request, 0)}}"}]}""");

    private static string IdOf(HttpExchange request, int number) => (string)EntryOf(request, number)["Id"]!;

    private static string DigestOf(HttpExchange request, int number) =>
        Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes((string)EntryOf(request, number)["MessageBody"]!)));

    private static JsonNode EntryOf(HttpExchange request, int number) => JsonNode.Parse(request.Text)!["Entries"]![number]!;
}
