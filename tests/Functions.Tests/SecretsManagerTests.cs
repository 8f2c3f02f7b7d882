using System.Text.Json.Nodes;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Functions.Hosting;
using Relaybox.Secrets;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.Functions.Tests;

/// <summary>How the functions read a secret.</summary>
public sealed class SecretsManagerTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:rds!db-0f1e2d3c-AbCdEf";

    private readonly WatchedTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_service_is_asked_for_the_secret_with_the_rights_of_the_role()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, """{"ARN":"a","SecretString":"{\"password\":\"p\"}"}"""));

        Assert.Equal("""{"password":"p"}""", await ReadAsync(server));

        var request = Assert.Single(server.Requests);
        Assert.Equal(("secretsmanager.GetSecretValue", "the-token"), (request.Header("X-Amz-Target"), request.Header("X-Amz-Security-Token")));
        Assert.True(JsonNode.DeepEquals(new JsonObject { ["SecretId"] = Arn }, JsonNode.Parse(request.Text)));
    }

    [Fact]
    public async Task The_request_is_signed_as_the_SDK_signs()
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, """{"SecretString":"text"}"""));
        await ReadAsync(server);
        var sent = Assert.Single(server.Requests);

        var request = new DefaultRequest(new GetQueueUrlRequest(), "Amazon.SecretsManager")
        {
            Endpoint = new Uri(server.Url), HttpMethod = "POST", ResourcePath = "/", Content = sent.Body,
            AuthenticationRegion = "eu-central-2", OverrideSigningServiceName = "secretsmanager", PrecomputedContentSha256 = null,
        };
        foreach (var name in new[] { "Content-Type", "X-Amz-Target", "X-Amz-Security-Token" })
        {
            request.Headers[name] = sent.Header(name)!;
        }

        var config = new AmazonSQSConfig { AuthenticationRegion = "eu-central-2", ServiceURL = server.Url };
        var expected = new AWS4Signer().SignRequest(request, config, null, "key", "secret", _clock.GetUtcNow().UtcDateTime);

        Assert.Equal(expected.ForAuthorizationHeader, sent.Header("Authorization"));
    }

    [Fact]
    public async Task What_is_over_in_a_moment_is_tried_again()
    {
        var calls = 0;
        await using var server = new ScriptedServer(_ => Interlocked.Increment(ref calls) switch
        {
            1 => HttpAnswer.Json(400, """{"__type":"ThrottlingException","message":"Rate exceeded"}"""),
            2 => HttpAnswer.Json(500, """{"__type":"InternalServiceError"}"""),
            3 => HttpAnswer.Json(503, "<html>"),
            _ => HttpAnswer.Json(200, """{"SecretString":"text"}"""),
        });
        Assert.Equal("text", await ReadAsync(server));
        Assert.Equal(4, calls);
    }

    [Theory]
    [InlineData("AccessDeniedException")]
    [InlineData("com.amazonaws.secretsmanager#ResourceNotFoundException")]
    [InlineData("DecryptionFailure")]
    public async Task A_refusal_says_what_the_role_must_be_allowed(string type)
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(400, $$"""{"__type":"{{type}}","Message":"canary"}"""));

        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(server));

        Assert.Contains("secretsmanager:GetSecretValue", error.Message, StringComparison.Ordinal);
        Assert.Contains($"({type.Split('#')[^1]})", error.Message, StringComparison.Ordinal);
        Assert.Contains(Arn, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("canary")]
    [InlineData("""{"SecretBinary":"Y2FuYXJ5"}""")]
    [InlineData("""{"SecretString":{"canary":1}}""")]
    public async Task A_secret_without_text_is_an_error(string body)
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, body));
        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(server));
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_way_to_the_service_the_error_says_what_a_VPC_needs()
    {
        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(new Uri("http://127.0.0.1:1/")));
        Assert.Contains("interface endpoint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cached_secret_is_read_once_by_many_and_again_only_when_stale()
    {
        var source = new Counting();
        using var secret = new CachedSecret(source, Arn);
        var texts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => secret.GetAsync(null, Ct).AsTask()));
        Assert.All(texts, text => Assert.Equal("v1", text));

        var fresh = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => secret.GetAsync("v1", Ct).AsTask()));
        Assert.All(fresh, text => Assert.Equal("v2", text));
        Assert.Equal("v2", await secret.GetAsync(null, Ct));
        Assert.Equal(2, source.Reads);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_used_is_not_kept()
    {
        var source = new Counting();
        using var secret = new CachedSecret(source, Arn);
        await Assert.ThrowsAsync<SecretException>(() => MakeAsync(_ => throw new SecretException("It cannot be used.")));
        Assert.Equal("v2", await MakeAsync(text => text));
        Assert.Equal("v2", await secret.GetAsync(null, Ct));
        Assert.Equal(2, source.Reads);

        Task<string> MakeAsync(Func<string, string> make) => secret.MakeAsync(null, make, Ct).AsTask();
    }

    private Task<string> ReadAsync(ScriptedServer server) => ReadAsync(new Uri(server.Url));

    private async Task<string> ReadAsync(Uri endpoint)
    {
        using var http = SecretsManager.CreateClient();
        var secrets = new SecretsManager(http, endpoint, () => Task.FromResult(new ImmutableCredentials("key", "secret", "the-token")), _clock);
        var reading = secrets.GetAsync(Arn, Ct);
        await _clock.AdvanceUntilEndAsync(reading, TimeSpan.FromSeconds(2));
        return await reading;
    }

    private sealed class Counting : ISecretSource
    {
        private int _reads;

        public int Reads => _reads;

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
            Task.FromResult($"v{Interlocked.Increment(ref _reads)}");
    }
}
