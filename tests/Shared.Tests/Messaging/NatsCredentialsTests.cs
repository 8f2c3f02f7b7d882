using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.NKeys;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class NatsCredentialsTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:nats-AbCdEf";

    // A pair that opens nothing but the server of these tests.
    private const string UserKey = "UCNVFB2ODYS7DMD4I2BAUXW4KQSYEFE42LNP5ARTHNT36S2XDPQX6B2M";
    private const string UserSeed = "SUAJYOANMVWJQHCSA43SZVGTIMW2EWSZNWFSVLJW4VY7SU7LUQL3JMGX3I";

    private const string CredentialsFile = """
        -----BEGIN NATS USER JWT-----
        the.users.jwt
        ------END NATS USER JWT------

        -----BEGIN USER NKEY SEED-----
        SUTHESEED
        ------END USER NKEY SEED------
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"username":"app","password":"pw"}""", "app", "pw", null, null)]
    [InlineData("""{"username":"app","password":"pw","engine":"nats","port":4222}""", "app", "pw", null, null)]
    [InlineData(""" {"token":"t0ken"} """, null, null, "t0ken", null)]
    [InlineData("""{"nkeySeed":"SUABC"}""", null, null, null, "SUABC")]
    public void A_json_secret_names_one_kind_of_credentials(string secret, string? user, string? password, string? token, string? seed)
    {
        var options = Apply(secret);
        Assert.Equal((user, password, token, seed, null), (options.Username, options.Password, options.Token, options.NKeySeed, options.Credentials));
    }

    [Fact]
    public void The_text_of_a_creds_file_is_taken_as_it_is_and_from_json()
    {
        foreach (var options in new[] { Apply(CredentialsFile), Apply($$"""{"creds":"{{CredentialsFile.ReplaceLineEndings("\\n")}}"}""") })
        {
            var auth = NatsClientOptions.From(options).AuthOpts;
            Assert.Equal(("the.users.jwt", "SUTHESEED"), (auth.Jwt, auth.Seed));
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"username":"canary"}""")]
    [InlineData("""{"token":5,"password":"canary"}""")]
    [InlineData("""{"token":"canary\ud800"}""")]
    [InlineData("""{"username":"u","password":"canary","username":"canary"}""")]
    public void A_secret_that_is_neither_is_told_by_its_arn_and_without_its_text(string secret)
    {
        var wrong = Assert.Throws<SecretException>(() => Apply(secret));
        Assert.Contains(Arn, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("authorization { user: app, password: right }", """{"username":"app","password":"right"}""")]
    [InlineData("authorization { token: right }", """{"token":"right"}""")]
    [InlineData("authorization { users: [ { nkey: " + UserKey + " } ] }", """{"nkeySeed":""" + "\"" + UserSeed + "\"}")]
    public async Task A_server_takes_what_the_secret_says(string configuration, string secret)
    {
        await using var server = await NatsServer.StartAsync(configuration);
        await using (var connector = Connector(server, new Rotating(secret)))
        {
            await connector.OpenAsync(Ct);
        }

        await using var other = Connector(server, new Rotating("""{"token":"wrong"}"""));
        Assert.True(NatsRefusal.IsOfCredentials(await Assert.ThrowsAsync<NatsException>(async () => await other.OpenAsync(Ct))));
    }

    [Fact]
    public async Task User_password_and_token_are_also_read_from_the_url()
    {
        await using (var server = await NatsServer.StartAsync("authorization { user: app, password: \"s3cret:@\" }"))
        {
            await AcceptsAsync(new NatsConnectionOptions { Url = $"nats://app:{Uri.EscapeDataString("s3cret:@")}@127.0.0.1:{server.Port}" });
            await RefusesAsync(new NatsConnectionOptions { Url = $"nats://app:canary@127.0.0.1:{server.Port}" }, "canary");
            await RefusesAsync(new NatsConnectionOptions { Url = server.Url }, "canary");
        }

        await using var other = await NatsServer.StartAsync("authorization { token: t0ken }");
        await AcceptsAsync(new NatsConnectionOptions { Url = $"nats://t0ken@127.0.0.1:{other.Port}" });
        await RefusesAsync(new NatsConnectionOptions { Url = $"nats://canary@127.0.0.1:{other.Port}" }, "canary");
    }

    [Fact]
    public async Task Credentials_of_an_operators_account_are_checked_as_text_and_as_a_file()
    {
        var (op, account, system, user, stranger) = (
            new NKeys(PrefixByte.Operator), new NKeys(PrefixByte.Account),
            new NKeys(PrefixByte.Account), new NKeys(PrefixByte.User), new NKeys(PrefixByte.User));
        const string AccountClaims =
            """{"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":-1,"leaf":-1},"""
            + "\"type\":\"account\",\"version\":2}";
        const string UserClaims = """{"subs":-1,"data":-1,"payload":-1,"type":"user","version":2}""";
        await using var server = await NatsServer.StartAsync($$"""
            operator: {{op.Sign(op, $$""""{"type":"operator","version":2,"system_account":"{{system.Public}}"}"""")}}
            system_account: {{system.Public}}
            resolver: MEMORY
            resolver_preload: {
              {{account.Public}}: {{op.Sign(account, AccountClaims)}}
              {{system.Public}}: {{op.Sign(system, AccountClaims)}}
            }
            """);
        var jwt = account.Sign(user, UserClaims);
        var forged = system.Sign(user, UserClaims)[..^4] + "AAAA";
        var options = new NatsConnectionOptions { Url = server.Url };
        await AcceptsAsync(options with { Credentials = Creds(jwt, user.Seed) });
        await RefusesAsync(options with { Credentials = Creds(jwt, stranger.Seed) }, stranger.Seed);
        await RefusesAsync(options with { Credentials = Creds(forged, user.Seed) }, user.Seed);

        var folder = Directory.CreateTempSubdirectory("relaybox-creds-");
        try
        {
            var (good, bad) = (Path.Combine(folder.FullName, "good.creds"), Path.Combine(folder.FullName, "bad.creds"));
            await File.WriteAllTextAsync(good, Creds(jwt, user.Seed), Ct);
            await File.WriteAllTextAsync(bad, Creds(jwt, stranger.Seed), Ct);
            await AcceptsAsync(options with { CredentialsFile = good });
            await RefusesAsync(options with { CredentialsFile = bad }, stranger.Seed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_seed_that_is_damaged_or_of_another_kind_is_refused_without_being_shown()
    {
        var (user, account) = (new NKeys(PrefixByte.User), new NKeys(PrefixByte.Account));
        await using var server = await NatsServer.StartAsync($"authorization {{ users: [ {{ nkey: {user.Public} }} ] }}");
        var options = new NatsConnectionOptions { Url = server.Url };
        await AcceptsAsync(options with { NKeySeed = user.Seed });
        var damaged = user.Seed[..20] + (user.Seed[20] == 'A' ? 'B' : 'A') + user.Seed[21..];
        foreach (var bad in new[] { damaged, user.Seed[..^1], account.Seed, user.Public, new string('S', 58) })
        {
            await using var connector = Connector(options with { NKeySeed = bad });
            var refused = await Assert.ThrowsAsync<NatsException>(async () => await connector.OpenAsync(Ct));
            Assert.DoesNotContain(bad, refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"username":"app","password":"old"}""")]
    [InlineData("{}")]
    [InlineData("no credentials at all")]
    public async Task A_secret_that_was_changed_is_read_again_once_after_it_proved_to_be_of_no_use(string old)
    {
        await using var server = await NatsServer.StartAsync("authorization { user: app, password: right }");
        var source = new Rotating(old, """{"username":"app","password":"right"}""");
        await using var connector = Connector(server, source);
        await connector.OpenAsync(Ct);
        Assert.Equal(2, source.Reads);

        await connector.OpenAsync(Ct);
        Assert.Equal(2, source.Reads);
    }

    [Fact]
    public async Task A_secret_that_is_still_wrong_is_tried_once()
    {
        await using var server = await NatsServer.StartAsync("authorization { user: app, password: right }");
        var source = new Rotating("""{"username":"app","password":"old"}""");
        await using var connector = Connector(server, source);
        await Assert.ThrowsAsync<NatsException>(async () => await connector.OpenAsync(Ct));
        Assert.Equal(2, source.Reads);
    }

    [Fact]
    public async Task In_an_outage_the_secret_is_not_read_again()
    {
        var server = await NatsServer.StartAsync("authorization { user: app, password: right }");
        var source = new Rotating("""{"username":"app","password":"right"}""", """{"username":"app","password":"other"}""");
        await using (server)
        {
            await using var connector = Connector(server, source);
            await connector.OpenAsync(Ct);
            await server.StopAtOnceAsync();
            await Eventually.TrueAsync(async () => await IsOutAsync(connector), "the server to be out of reach");
            Assert.Equal(1, source.Reads);
        }
    }

    [Theory]
    [InlineData("{}", "must be the text of a creds file")]
    [InlineData("no credentials at all", "must be the text of a credentials file")]
    [InlineData(null, "cannot be read")]
    public async Task Without_a_secret_that_can_be_used_nothing_is_sent_and_no_attempt_is_used_up(string? secret, string detail)
    {
        await using var server = await NatsServer.StartAsync();
        await using var connector = Connector(server, secret is null ? new Unreadable() : new Rotating(secret));
        var publisher = new NatsMessagePublisher(
            connector, new EnvelopeFormat(), new NatsPublisherOptions(), TimeProvider.System, NullLogger<NatsMessagePublisher>.Instance);
        var outcomes = await publisher.PublishAsync([Sample.Event("a"), Sample.Event("b")], Ct);
        Assert.Equal([PublishStatus.Unavailable, PublishStatus.Unavailable], outcomes.Select(outcome => outcome.Status));
        Assert.Contains(detail, outcomes[0].Detail, StringComparison.Ordinal);
    }

    private static NatsConnectionOptions Apply(string secret) =>
        NatsCredentials.Apply(new NatsConnectionOptions { Url = "nats://127.0.0.1:4222" }, secret, Arn);

    private static string Creds(string jwt, string seed) => $"""
        -----BEGIN NATS USER JWT-----
        {jwt}
        ------END NATS USER JWT------

        ************************* IMPORTANT *************************
        NKEY Seed printed below can be used to sign and prove identity.

        -----BEGIN USER NKEY SEED-----
        {seed}
        ------END USER NKEY SEED------

        """;

    private static async Task AcceptsAsync(NatsConnectionOptions options)
    {
        await using var connector = Connector(options);
        await (await connector.OpenAsync(Ct)).PingAsync(Ct);
    }

    private static async Task RefusesAsync(NatsConnectionOptions options, string secret)
    {
        await using var connector = Connector(options);
        var refused = await Assert.ThrowsAsync<NatsException>(async () => await connector.OpenAsync(Ct));
        Assert.True(NatsRefusal.IsOfCredentials(refused), refused.ToString());
        Assert.Contains("Authorization Violation", refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(secret, refused.ToString(), StringComparison.Ordinal);
    }

    private static NatsConnector Connector(NatsConnectionOptions options) =>
        new(options, TimeProvider.System, NullLogger<NatsConnector>.Instance);

    private static NatsConnector Connector(NatsServer server, ISecretSource source) => new(
        new NatsConnectionOptions { Url = server.Url, ProbeAfter = TimeSpan.Zero },
        TimeProvider.System,
        NullLogger<NatsConnector>.Instance,
        new CachedSecret(source, Arn));

    private static async Task<bool> IsOutAsync(NatsConnector connector)
    {
        try
        {
            await connector.OpenAsync(Ct);
            return false;
        }
        catch (NatsException)
        {
            return true;
        }
    }

    /// <summary>One text after the other, and the last one for ever.</summary>
    private sealed class Rotating(params string[] texts) : ISecretSource
    {
        public int Reads { get; private set; }

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
            Task.FromResult(texts[Math.Min(Reads++, texts.Length - 1)]);
    }

    private sealed class Unreadable : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
            throw new SecretException($"The secret {arn} cannot be read: not in this test.");
    }
}
