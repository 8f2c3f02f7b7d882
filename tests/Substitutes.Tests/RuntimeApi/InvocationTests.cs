using System.Text;
using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using Amazon.Lambda.Serialization.SystemTextJson;
using Relaybox.Substitutes.Tests.Serialization;
using Relaybox.Testing.Http;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Substitutes.Tests.RuntimeApi;

/// <summary>What goes over the wire when all is well.</summary>
[Collection(EnvironmentVariables.Collection)]
public class InvocationTests
{
    private static readonly ILambdaSerializer Serializer = new SourceGeneratorLambdaJsonSerializer<PlainJson>();

    private static readonly Func<Stream, ILambdaContext, Task<Stream>> Echo = async (input, _) =>
    {
        var output = new MemoryStream();
        await input.CopyToAsync(output);
        output.Position = 0;
        return output;
    };

    [Fact]
    public async Task An_event_reaches_the_handler_and_its_response_goes_back()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task<Sample>> handler = (input, _) =>
            Task.FromResult(new Sample { Name = input.Name + "!", When = DateTime.UnixEpoch });
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id-1", """{"Name":"first é"}"""u8.ToArray());
        server.Enqueue("id-2", """{"Name":"2"}"""u8.ToArray());
        var first = await server.PostAsync();
        var second = await server.PostAsync();

        var next = server.Requests[0];
        Assert.Equal(("GET", "/2018-06-01/runtime/invocation/next"), (next.Method, next.Path));
        Assert.Equal(("POST", "/2018-06-01/runtime/invocation/id-1/response"), (first.Method, first.Path));
        Assert.Equal("application/json", first.Header("Content-Type"));
        Assert.Equal("""{"Name":"first é!","When":"1970-01-01T00:00:00Z"}""", first.Text);
        Assert.Equal("/2018-06-01/runtime/invocation/id-2/response", second.Path);
        Assert.Equal("""{"Name":"2!","When":"1970-01-01T00:00:00Z"}""", second.Text);
    }

    [Fact]
    public async Task A_handler_without_a_result_answers_with_an_empty_body()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task> handler = (_, _) => Task.CompletedTask;
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id", "{}"u8.ToArray());
        var post = await server.PostAsync();

        Assert.Equal("/2018-06-01/runtime/invocation/id/response", post.Path);
        Assert.Empty(post.Body);
    }

    [Fact]
    public async Task Payloads_of_a_megabyte_go_through_to_the_byte()
    {
        await using var server = new RuntimeApiServer();
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);
        var payload = new byte[1024 * 1024];
        new Random(1).NextBytes(payload);

        server.Enqueue("id-1", payload);
        var large = await server.PostAsync();
        server.Enqueue("id-2", [1, 2, 3]);
        var small = await server.PostAsync();

        Assert.Equal(payload, large.Body);
        Assert.Equal([1, 2, 3], small.Body);
    }

    [Fact]
    public async Task A_small_response_after_a_large_one_is_only_itself()
    {
        await using var server = new RuntimeApiServer();
        Func<Sample, ILambdaContext, Task<Sample>> handler = (input, _) => Task.FromResult(input);
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);
        var name = new string('x', 1024 * 1024);

        server.Enqueue("id-1", Encoding.UTF8.GetBytes($$"""{"Name":"{{name}}"}"""));
        var large = await server.PostAsync();
        server.Enqueue("id-2", "{}"u8.ToArray());
        var small = await server.PostAsync();

        Assert.Equal($$"""{"Name":"{{name}}","When":"0001-01-01T00:00:00"}""", large.Text);
        Assert.Equal("""{"When":"0001-01-01T00:00:00"}""", small.Text);
    }

    [Fact]
    public async Task The_address_may_carry_a_path()
    {
        await using var server = new RuntimeApiServer();
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(Echo), server.Authority + "/StreamRelay");

        server.Enqueue("id", "{}"u8.ToArray());
        var post = await server.PostAsync();

        Assert.Equal("/StreamRelay/2018-06-01/runtime/invocation/next", server.Requests[0].Path);
        Assert.Equal("/StreamRelay/2018-06-01/runtime/invocation/id/response", post.Path);
    }

    [Fact]
    public async Task The_address_comes_from_the_environment()
    {
        await using var server = new RuntimeApiServer();
        using var variables = new EnvironmentVariables(("AWS_LAMBDA_RUNTIME_API", server.Authority));
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), runtimeApi: "");

        server.Enqueue("id", "{}"u8.ToArray());

        Assert.Equal("/2018-06-01/runtime/invocation/id/response", (await server.PostAsync()).Path);
    }

    [Fact]
    public async Task A_client_of_ones_own_is_used_and_left_alone()
    {
        await using var server = new RuntimeApiServer();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-Mine", "yes");
        await using (new RunningFunction(LambdaBootstrapBuilder.Create(Echo).UseHttpClient(client), server.Authority))
        {
            server.Enqueue("id", "{}"u8.ToArray());
            Assert.Equal("yes", (await server.PostAsync()).Header("X-Mine"));
        }

        using var content = new StringContent("");
        using var response = await client.PostAsync(new Uri($"http://{server.Authority}/still-there"), content);
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_connection_that_the_server_closes_between_events_is_opened_again()
    {
        await using var server = new RuntimeApiServer();
        server.OnPost = _ => HttpAnswer.Json(202, """{"status":"OK"}""", ("Connection", "close"));
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);

        foreach (var id in new[] { "a", "b", "c" })
        {
            server.Enqueue(id, "{}"u8.ToArray());
            Assert.Equal($"/2018-06-01/runtime/invocation/{id}/response", (await server.PostAsync()).Path);
        }
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_for_the_next_event()
    {
        await using var server = new RuntimeApiServer();
        await using var function = new RunningFunction(LambdaBootstrapBuilder.Create(Echo), server.Authority);
        server.Enqueue("id", "{}"u8.ToArray());
        await server.PostAsync();

        await function.StopAsync();

        Assert.True(function.Completion.IsCompletedSuccessfully);
    }
}
