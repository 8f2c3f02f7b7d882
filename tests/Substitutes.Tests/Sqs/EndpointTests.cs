using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Testing.Http;
using Relaybox.Substitutes.Tests.RuntimeApi;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>Where requests go.</summary>
[Collection(EnvironmentVariables.Collection)]
public class EndpointTests
{
    [Theory]
    [InlineData("us-east-1", false, false, "https://sqs.us-east-1.amazonaws.com")]
    [InlineData("eu-central-1", true, false, "https://sqs.eu-central-1.api.aws")]
    [InlineData("us-west-2", false, true, "https://sqs-fips.us-west-2.amazonaws.com")]
    [InlineData("us-east-2", true, true, "https://sqs-fips.us-east-2.api.aws")]
    [InlineData("us-gov-west-1", false, true, "https://sqs.us-gov-west-1.amazonaws.com")]
    [InlineData("cn-north-1", false, false, "https://sqs.cn-north-1.amazonaws.com.cn")]
    [InlineData("cn-north-1", true, false, "https://sqs.cn-north-1.api.amazonwebservices.com.cn")]
    public void A_region_has_its_endpoint(string region, bool dualStack, bool fips, string expected)
    {
        using var variables = NoEndpoints();
        var config = new AmazonSQSConfig
        {
            RegionEndpoint = RegionEndpoint.GetBySystemName(region),
            UseDualstackEndpoint = dualStack,
            UseFIPSEndpoint = fips,
        };

        var endpoint = config.DetermineServiceOperationEndpoint(
            new ServiceOperationEndpointParameters(new ListQueuesRequest()));

        Assert.Equal(expected, endpoint.URL.TrimEnd('/'));
    }

    [Fact]
    public async Task The_environment_names_the_endpoint_of_this_service()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        using var variables = new EnvironmentVariables(
            ("AWS_ENDPOINT_URL_SQS", server.Url),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ACCESS_KEY_ID", Clients.AccessKey),
            ("AWS_SECRET_ACCESS_KEY", Clients.SecretKey),
            ("AWS_SESSION_TOKEN", null),
            ("AWS_REGION", Clients.Region));
        using var client = new AmazonSQSClient();

        await client.DeleteMessageAsync("http://sqs.us-east-1.localhost:4566/000000000000/q", "r");

        var request = Assert.Single(server.Requests);
        Assert.Equal(
            """{"QueueUrl":"http://sqs.us-east-1.localhost:4566/000000000000/q","ReceiptHandle":"r"}""", request.Text);
        Assert.Equal(
            SigV4.Expected(request, Clients.AccessKey, Clients.SecretKey, Clients.Region),
            request.Header("Authorization"));
    }

    [Fact]
    public async Task The_environment_names_one_endpoint_for_all_services()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        using var variables = new EnvironmentVariables(
            ("AWS_ENDPOINT_URL_SQS", null), ("AWS_ENDPOINT_URL", server.Url), ("AWS_REGION", Clients.Region));
        using var client = new AmazonSQSClient(Clients.Credentials, new AmazonSQSConfig());

        await client.ListQueuesAsync("p");

        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task What_the_code_says_goes_before_the_environment()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        using var variables = new EnvironmentVariables(("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1"));
        using var client = Clients.For(server, retries: 0);

        await client.ListQueuesAsync("p");

        Assert.Single(server.Requests);
    }

    private static EnvironmentVariables NoEndpoints() =>
        new(("AWS_ENDPOINT_URL_SQS", null), ("AWS_ENDPOINT_URL", null));
}
