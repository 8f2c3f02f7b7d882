using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Testing.Http;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>What the service refuses, and what goes wrong on the way.</summary>
public class ErrorTests
{
    private const string Url = Clients.QueueUrl;

    [Fact]
    public async Task The_body_picks_the_exception_and_the_query_header_its_code()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(
            400,
            """{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}""",
            ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"),
            ("x-amzn-RequestId", "request-1")));
        using var client = Clients.For(server);

        var exception = await Assert.ThrowsAsync<QueueDoesNotExistException>(() => client.SendMessageAsync(Url, "a"));

        Assert.Equal("AWS.SimpleQueueService.NonExistentQueue", exception.ErrorCode);
        Assert.Equal("The specified queue does not exist.", exception.Message);
        Assert.Equal(ErrorType.Sender, exception.ErrorType);
        Assert.Equal(HttpStatusCode.BadRequest, exception.StatusCode);
        Assert.Equal("request-1", exception.RequestId);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("InvalidMessageContents", typeof(InvalidMessageContentsException))]
    [InlineData("UnsupportedOperation", typeof(UnsupportedOperationException))]
    [InlineData("KmsAccessDenied", typeof(KmsAccessDeniedException))]
    [InlineData("BatchRequestTooLong", typeof(BatchRequestTooLongException))]
    [InlineData("TooManyEntriesInBatchRequest", typeof(TooManyEntriesInBatchRequestException))]
    [InlineData("BatchEntryIdsNotDistinct", typeof(BatchEntryIdsNotDistinctException))]
    [InlineData("EmptyBatchRequest", typeof(EmptyBatchRequestException))]
    [InlineData("InvalidBatchEntryId", typeof(InvalidBatchEntryIdException))]
    public async Task Errors_of_sending_have_their_own_exceptions(string type, Type expected)
    {
        await using var server = Refusing(400, type);
        using var client = Clients.For(server);

        // SendMessage does not know the errors of batches, and the other way round.
        var exception = type.Contains("Batch", StringComparison.Ordinal)
            ? await Record.ExceptionAsync(() => client.SendMessageBatchAsync(Url, [new("0", "a")]))
            : await Record.ExceptionAsync(() => client.SendMessageAsync(Url, "a"));

        Assert.IsType(expected, exception);
        Assert.Equal(type, ((AmazonSQSException)exception).ErrorCode);
    }

    [Fact]
    public async Task Errors_of_receiving_and_of_queues_have_their_own_exceptions()
    {
        await RefusesAsync<OverLimitException>("OverLimit", sqs => sqs.ReceiveMessageAsync(Url));
        await RefusesAsync<ReceiptHandleIsInvalidException>(
            "ReceiptHandleIsInvalid", sqs => sqs.DeleteMessageAsync(Url, "r"));
        await RefusesAsync<MessageNotInflightException>(
            "MessageNotInflight", sqs => sqs.ChangeMessageVisibilityAsync(Url, "r", 1));
        await RefusesAsync<QueueNameExistsException>("QueueNameExists", sqs => sqs.CreateQueueAsync("q"));
        await RefusesAsync<QueueDeletedRecentlyException>("QueueDeletedRecently", sqs => sqs.CreateQueueAsync("q"));
        await RefusesAsync<PurgeQueueInProgressException>("PurgeQueueInProgress", sqs => sqs.PurgeQueueAsync(Url));
    }

    [Fact]
    public async Task An_error_that_nobody_modelled_keeps_its_code()
    {
        await using var server = Refusing(403, "AccessDeniedException");
        using var client = Clients.For(server);

        var exception = await Assert.ThrowsAsync<AmazonSQSException>(() => client.SendMessageAsync(Url, "a"));

        Assert.Equal("AccessDeniedException", exception.ErrorCode);
        Assert.Equal(HttpStatusCode.Forbidden, exception.StatusCode);
    }

    [Theory]
    [InlineData(500, "InternalFailure")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(403, "RequestThrottled")]
    [InlineData(400, "ThrottlingException")]
    public async Task Throttling_and_server_errors_are_tried_again(int status, string type)
    {
        var left = 1;
        await using var server = new ScriptedServer(_ => Interlocked.Decrement(ref left) >= 0
            ? HttpAnswer.Json(status, $$"""{"__type":"com.amazonaws.sqs#{{type}}","message":"later"}""")
            : HttpAnswer.Json(200, """{"MessageId":"m"}"""));
        using var client = Clients.For(server);

        var response = await client.SendMessageAsync(Url, "a");

        Assert.Equal("m", response.MessageId);
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal(server.Requests[0].Text, server.Requests[1].Text);
    }

    [Fact]
    public async Task Server_errors_that_stay_are_thrown_after_the_retries()
    {
        await using var server = new ScriptedServer(
            _ => new HttpAnswer(502, "<html>Bad gateway</html>"u8.ToArray(), ("Content-Type", "text/html")));
        using var client = Clients.For(server, retries: 1);

        var exception = await Assert.ThrowsAnyAsync<AmazonServiceException>(() => client.SendMessageAsync(Url, "a"));

        Assert.Equal(HttpStatusCode.BadGateway, exception.StatusCode);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_refused_request_is_not_tried_again()
    {
        await using var server = Refusing(400, "InvalidMessageContents");
        using var client = Clients.For(server);

        await Assert.ThrowsAsync<InvalidMessageContentsException>(() => client.SendMessageAsync(Url, "a"));

        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_again_and_then_thrown()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.HangUp);
        using var client = Clients.For(server, retries: 1);

        var exception = await Record.ExceptionAsync(() => client.SendMessageAsync(Url, "a"));

        Assert.True(IsOfTheConnection(exception), $"{exception}");
        Assert.True(server.Requests.Count >= 2);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_after_the_retries()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        using var client = new AmazonSQSClient(Clients.Credentials, new AmazonSQSConfig
        {
            ServiceURL = $"http://127.0.0.1:{port}",
            AuthenticationRegion = Clients.Region,
            MaxErrorRetry = 1,
        });

        var exception = await Record.ExceptionAsync(() => client.SendMessageAsync(Url, "a"));

        Assert.True(IsOfTheConnection(exception), $"{exception}");
    }

    [Fact]
    public async Task Cancelling_ends_a_call_that_waits_for_its_answer()
    {
        using var cancellation = new CancellationTokenSource();
        await using var server = new ScriptedServer(async (_, stop) =>
        {
            await cancellation.CancelAsync();
            await Task.Delay(Timeout.Infinite, stop);
            return HttpAnswer.HangUp;
        });
        using var client = Clients.For(server);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.ReceiveMessageAsync(new ReceiveMessageRequest(Url), cancellation.Token));

        Assert.Single(server.Requests);
    }

    // The exceptions of the HTTP client come through as they are.
    private static bool IsOfTheConnection(Exception? exception) =>
        exception is HttpRequestException or IOException or AmazonClientException or AmazonServiceException;

    private static ScriptedServer Refusing(int status, string type) => new(
        _ => HttpAnswer.Json(status, $$"""{"__type":"com.amazonaws.sqs#{{type}}","message":"no"}"""));

    private static async Task RefusesAsync<TException>(string type, Func<IAmazonSQS, Task> call)
        where TException : AmazonSQSException
    {
        await using var server = Refusing(400, type);
        using var client = Clients.For(server);
        Assert.Equal("no", (await Assert.ThrowsAsync<TException>(() => call(client))).Message);
    }
}
