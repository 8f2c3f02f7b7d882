using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using Amazon.Lambda.Serialization.SystemTextJson;
using Relaybox.Substitutes.Tests.Serialization;
using Relaybox.Testing.Http;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Substitutes.Tests.RuntimeApi;

/// <summary>What is reported, and what ends the process.</summary>
[Collection(EnvironmentVariables.Collection)]
public class FailureTests
{
    private static readonly ILambdaSerializer Serializer = new SourceGeneratorLambdaJsonSerializer<PlainJson>();
    private static readonly Func<Stream, ILambdaContext, Task<Stream>> Echo = (input, _) => Task.FromResult(input);

    [Fact]
    public async Task What_a_handler_throws_is_reported_and_the_next_event_is_handled()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task> handler = (input, _) => input.Name is null
            ? Task.CompletedTask
            : throw new InvalidOperationException("no \"luck\"\n€", new ArgumentException("why"));
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id-1", """{"Name":"x"}"""u8.ToArray());
        server.Enqueue("id-2", "{}"u8.ToArray());
        var report = await server.PostAsync();
        var next = await server.PostAsync();

        Assert.Equal(("POST", "/2018-06-01/runtime/invocation/id-1/error"), (report.Method, report.Path));
        Assert.Equal("application/vnd.aws.lambda.error+json", report.Header("Content-Type").Split(';')[0]);
        Assert.Equal("InvalidOperationException", report.Header("Lambda-Runtime-Function-Error-Type"));
        var json = JsonDocument.Parse(report.Text).RootElement;
        Assert.Equal("InvalidOperationException", json.GetProperty("errorType").GetString());
        Assert.Equal("no \"luck\"\n€", json.GetProperty("errorMessage").GetString());
        Assert.StartsWith("at Relaybox", json.GetProperty("stackTrace")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("ArgumentException", json.GetProperty("cause").GetProperty("errorType").GetString());
        Assert.Equal("why", json.GetProperty("cause").GetProperty("errorMessage").GetString());
        Assert.Equal("/2018-06-01/runtime/invocation/id-2/response", next.Path);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_reported_as_an_error_of_the_invocation()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task<Sample>> handler = (input, _) => Task.FromResult(input);
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id-1", "[1,"u8.ToArray());
        server.Enqueue("id-2", "{}"u8.ToArray());
        var report = await server.PostAsync();

        Assert.Equal("/2018-06-01/runtime/invocation/id-1/error", report.Path);
        Assert.Equal("JsonSerializerException", report.Header("Lambda-Runtime-Function-Error-Type"));
        Assert.Equal("/2018-06-01/runtime/invocation/id-2/response", (await server.PostAsync()).Path);
    }

    [Fact]
    public async Task An_enormous_exception_is_still_reported()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task> handler = (_, _) => throw new IOException(new string('x', 300 * 1024));
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id", "{}"u8.ToArray());
        var report = await server.PostAsync();

        Assert.True(report.Body.Length <= 256 * 1024);
        Assert.NotEqual("", JsonDocument.Parse(report.Text).RootElement.GetProperty("errorMessage").GetString());
    }

    [Fact]
    public async Task A_failed_initialization_is_reported_and_thrown_before_any_event_is_taken()
    {
        await using var server = new RuntimeApiServer();
        var builder = LambdaBootstrapBuilder.Create(Echo)
            .UseBootstrapHandler(() => throw new InvalidOperationException("QUEUE_URL is missing"));
        await using var function = new RunningFunction(builder, server.Authority);

        var report = await server.PostAsync();

        Assert.Equal("/2018-06-01/runtime/init/error", report.Path);
        Assert.Equal("application/vnd.aws.lambda.error+json", report.Header("Content-Type").Split(';')[0]);
        Assert.Equal(
            "QUEUE_URL is missing", JsonDocument.Parse(report.Text).RootElement.GetProperty("errorMessage").GetString());
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => CompleteAsync(function));
        Assert.Equal("QUEUE_URL is missing", thrown.Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_initialization_that_says_no_ends_without_an_error()
    {
        await using var server = new RuntimeApiServer();
        var builder = LambdaBootstrapBuilder.Create(Echo).UseBootstrapHandler(() => Task.FromResult(false));
        await using var function = new RunningFunction(builder, server.Authority);

        await CompleteAsync(function);

        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(413)]
    [InlineData(500)]
    public async Task A_response_that_is_refused_ends_the_loop(int status)
    {
        await using var server = new RuntimeApiServer();
        server.OnPost = _ => HttpAnswer.Json(status, """{"errorType":"Refused","errorMessage":"no"}""");
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);

        server.Enqueue("id", "{}"u8.ToArray());

        var thrown = await Assert.ThrowsAnyAsync<RuntimeApiClientException>(() => CompleteAsync(function));
        Assert.Equal(status, thrown.StatusCode);
        Assert.Contains("Refused", thrown.Response, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(500)]
    public async Task A_refused_request_for_the_next_event_ends_the_loop(int status)
    {
        await using var server = new RuntimeApiServer();
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);

        server.Enqueue(HttpAnswer.Json(status, """{"errorType":"Refused","errorMessage":"no"}"""));

        var thrown = await Assert.ThrowsAnyAsync<RuntimeApiClientException>(() => CompleteAsync(function));
        Assert.Equal(status, thrown.StatusCode);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_that_hangs_up_again_and_again_ends_the_loop()
    {
        await using var server = new RuntimeApiServer();
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);

        // The HTTP client tries a request without a body again by itself, a few times.
        for (var times = 0; times < 10; times++)
        {
            server.Enqueue(HttpAnswer.HangUp);
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => CompleteAsync(function));
    }

    [Fact]
    public async Task A_server_that_is_not_there_ends_the_loop()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), $"127.0.0.1:{port}");

        await Assert.ThrowsAsync<HttpRequestException>(() => CompleteAsync(function));
    }

    private static Task CompleteAsync(RunningFunction function) =>
        function.Completion.WaitAsync(TimeSpan.FromSeconds(20));
}
