using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Relaybox.Local.Tests.Running;

/// <summary>Lambda's Invoke, as the runner serves it.</summary>
public sealed class InvokeEndpointTests(RunningStack stack) : IClassFixture<RunningStack>, IDisposable
{
    private const string Name = "relaybox-SweepFunction";
    private const string Arn = $"arn:aws:lambda:eu-central-2:000000000000:function:{Name}";

    private readonly HttpClient _http = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Name, Arn)]
    [InlineData($"{Name}:people", $"{Arn}:people")]
    [InlineData(Arn, Arn)]
    [InlineData($"{Arn}:people", $"{Arn}:people")]
    [InlineData($"{Name}?Qualifier=people", $"{Arn}:people")]
    [InlineData($"{Name}?Qualifier=$LATEST", $"{Arn}:$LATEST")]
    public async Task A_function_is_invoked_by_its_name_or_ARN_and_sees_the_alias(string called, string invoked)
    {
        using var response = await InvokeAsync(called, """{"do":"headers"}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("X-Amz-Function-Error"));
        var headers = JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!;
        Assert.Equal(invoked, (string?)headers["lambda-runtime-invoked-function-arn"]);
        Assert.Equal(Assert.Single(response.Headers.GetValues("x-amzn-RequestId")), (string?)headers["lambda-runtime-aws-request-id"]);
    }

    [Fact]
    public async Task An_error_of_the_function_is_an_answer_that_a_header_marks()
    {
        using var response = await InvokeAsync(Name, """{"do":"fail"}""");

        Assert.Equal((HttpStatusCode.OK, "Unhandled"), (response.StatusCode, Assert.Single(response.Headers.GetValues("X-Amz-Function-Error"))));
        Assert.Equal("Scripted", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!["errorType"]);
    }

    [Theory]
    [InlineData("other", "arn:aws:lambda:eu-central-2:000000000000:function:other")]
    [InlineData($"{Name}:nobody", $"{Arn}:nobody")]
    public async Task What_the_stack_has_not_is_not_found(string called, string arn)
    {
        using var response = await InvokeAsync(called, "{}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("ResourceNotFoundException", Assert.Single(response.Headers.GetValues("x-amzn-ErrorType")));
        Assert.Equal($"Function not found: {arn}", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!["Message"]);
    }

    [Fact]
    public async Task A_page_in_a_browser_and_another_kind_of_invocation_are_refused()
    {
        _http.DefaultRequestHeaders.Add("X-Amz-Invocation-Type", "Event");
        using var later = await InvokeAsync(Name, "{}");
        _http.DefaultRequestHeaders.Add("Origin", "https://example.com");
        using var page = await InvokeAsync(Name, "{}");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Forbidden), (later.StatusCode, page.StatusCode));
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> InvokeAsync(string called, string payload)
    {
        var (function, query) = called.Split('?') is [var name, var parameter] ? (name, $"?{parameter}") : (called, "");
        using var content = new StringContent(payload, Encoding.UTF8, "application/json");
        var endpoint = stack.Runner.Environment["AWS_ENDPOINT_URL_LAMBDA"];
        return await _http.PostAsync(
            new Uri($"{endpoint}/2015-03-31/functions/{Uri.EscapeDataString(function)}/invocations{query}"), content, Ct);
    }
}
