using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Functions.Hosting;

namespace Relaybox.Functions.Tests;

/// <summary>Calls that are signed without a client of the SDK are signed as the SDK signs.</summary>
public sealed class AwsRequestTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 16, 47, 1, TimeSpan.Zero);

    [Theory]
    [InlineData(null)]
    [InlineData("the-token")]
    public void A_call_with_a_query_is_signed_as_the_SDK_signs(string? token)
    {
        var call = new AwsCall(
            "lambda", "eu-central-2", new Uri("http://127.0.0.1:8080/2015-03-31/functions/prod-Operate/invocations?Qualifier=read"))
        {
            ContentType = "application/json", Body = """{"command":"status"}"""u8.ToArray(),
        };

        using var signed = AwsRequest.Sign(call, new ImmutableCredentials("key", "secret", token), Now);

        var request = new DefaultRequest(new GetQueueUrlRequest(), "Amazon.Lambda")
        {
            Endpoint = new Uri("http://127.0.0.1:8080/"), HttpMethod = "POST", ResourcePath = call.Url.AbsolutePath, Content = call.Body,
            AuthenticationRegion = "eu-central-2", OverrideSigningServiceName = "lambda",
        };
        request.SubResources["Qualifier"] = "read";
        request.Headers["Content-Type"] = "application/json";
        if (token is not null)
        {
            request.Headers["X-Amz-Security-Token"] = token;
        }

        var config = new AmazonSQSConfig { AuthenticationRegion = "eu-central-2", ServiceURL = "http://127.0.0.1:8080" };
        var expected = new AWS4Signer().SignRequest(request, config, null, "key", "secret", Now.UtcDateTime);

        Assert.Equal(expected.ForAuthorizationHeader, Assert.Single(signed.Headers.GetValues("Authorization")));
    }

    [Theory]
    [InlineData("eu-central-2", "https://lambda.eu-central-2.amazonaws.com/")]
    [InlineData("cn-north-1", "https://lambda.cn-north-1.amazonaws.com.cn/")]
    public void A_service_is_in_its_region(string region, string url) => Assert.Equal(url, AwsEndpoint.OfRegion("lambda", region).ToString());
}
