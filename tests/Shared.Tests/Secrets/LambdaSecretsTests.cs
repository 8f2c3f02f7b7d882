using Relaybox.Secrets;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.Shared.Tests.Secrets;

public sealed class LambdaSecretsTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db/main-AbCdEf";

    private readonly WatchedTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_extension_is_asked_with_the_session_token_and_its_text_comes_back()
    {
        await using var server = new ScriptedServer(_ => Answer(200, """{"ARN":"a","SecretString":"{\"password\":\"p\"}"}"""));
        Assert.Equal("""{"password":"p"}""", await ReadAsync(server));
        var request = Assert.Single(server.Requests);
        Assert.Equal($"/secretsmanager/get?secretId={Uri.EscapeDataString(Arn)}", request.Path);
        Assert.Equal("the-token", request.Header("X-Aws-Parameters-Secrets-Token"));
    }

    [Fact]
    public async Task While_the_extension_is_not_ready_it_is_asked_again()
    {
        var calls = 0;
        await using var server = new ScriptedServer(_ => Interlocked.Increment(ref calls) switch
        {
            1 => Answer(400, "not ready to serve traffic, please wait"),
            2 => Answer(500, "oops"),
            _ => Answer(200, """{"SecretString":"text"}"""),
        });
        Assert.Equal("text", await ReadAsync(server));
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task A_refusal_says_what_the_role_must_be_allowed()
    {
        await using var server = new ScriptedServer(_ => Answer(403, "AccessDeniedException"));
        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(server));
        Assert.Contains("secretsmanager:GetSecretValue", error.Message, StringComparison.Ordinal);
        Assert.Contains(Arn, error.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("canary")]
    [InlineData("""{"SecretBinary":"Y2FuYXJ5"}""")]
    public async Task A_secret_without_text_is_an_error(string body)
    {
        await using var server = new ScriptedServer(_ => Answer(200, body));
        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(server));
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_extension_the_error_says_so()
    {
        using var http = LambdaSecrets.CreateClient(1);
        var error = await Assert.ThrowsAsync<SecretException>(() => ReadAsync(http));
        Assert.Contains("layer", error.Message, StringComparison.Ordinal);
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

    private async Task<string> ReadAsync(ScriptedServer server)
    {
        using var http = LambdaSecrets.CreateClient(server.Port);
        return await ReadAsync(http);
    }

    private async Task<string> ReadAsync(HttpClient http)
    {
        var reading = new LambdaSecrets(http, () => "the-token", _clock).GetAsync(Arn, Ct);
        await _clock.AdvanceUntilEndAsync(reading, TimeSpan.FromSeconds(2));
        return await reading;
    }

    private static HttpAnswer Answer(int status, string body) => HttpAnswer.Json(status, body);

    private sealed class Counting : ISecretSource
    {
        private int _reads;

        public int Reads => _reads;

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
            Task.FromResult($"v{Interlocked.Increment(ref _reads)}");
    }
}
