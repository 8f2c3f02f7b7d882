using System.Net;
using Relaybox.Redis;
using Relaybox.Secrets;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What the client is told, by a URL or a secret, and what is refused without being repeated.</summary>
public sealed class RedisConnectionTextTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";
    private const string Canary = "canary-c0ffee-4711";

    private static readonly RedisConnectionOptions OfSecret = new() { SecretArn = Arn };

    [Theory]
    [InlineData("redis://127.0.0.1", "127.0.0.1:6379", null, null, 0, false)]
    [InlineData("redis://u:p%40ss%2Fw@localhost:7000/3", "localhost:7000", "u", "p@ss/w", 3, false)]
    [InlineData("redis://:p@127.0.0.1:1,127.0.0.1:2/", "127.0.0.1:1,127.0.0.1:2", null, "p", 0, false)]
    [InlineData("rediss://u:p@127.0.0.1", "127.0.0.1:6379", "u", "p", 0, true)]
    [InlineData("rediss://u:p@db.example.com:6380/1", "db.example.com:6380", "u", "p", 1, true)]
    [InlineData("rediss://u:p@127.0.0.1,10.0.0.7", "127.0.0.1:6379,10.0.0.7:6379", "u", "p", 0, true)]
    [InlineData("redis://[::1]:5", "[::1]:5", null, null, 0, false)]
    [InlineData("redis://127.0.0.1,127.0.0.2:9?sentinel=my-primary", "127.0.0.1:26379,127.0.0.2:9", null, null, 0, false)]
    public void A_URL_says_where_the_server_is(string url, string hosts, string? user, string? password, int database, bool tls)
    {
        foreach (var configuration in new[]
        {
            RedisConnectionText.FromUrl(new RedisConnectionOptions { Url = url }),
            RedisConnectionText.FromSecret(url, OfSecret),
            RedisConnectionText.FromSecret($$"""{"url":"{{url}}"}""", OfSecret),
        })
        {
            Assert.Equal(hosts, Hosts(configuration));
            Assert.Equal(
                (user, password, database, tls),
                (configuration.User, configuration.Password, configuration.DefaultDatabase, configuration.Ssl));
            Assert.Equal(url.Contains("sentinel", StringComparison.Ordinal) ? "my-primary" : null, configuration.ServiceName);
        }
    }

    [Fact]
    public void Texts_of_errors_name_no_keys_and_a_lost_server_is_given_up_in_time()
    {
        var configuration = RedisConnectionText.FromUrl(
            new RedisConnectionOptions { Url = "redis://127.0.0.1", ApplicationName = "relaybox-Cleanup" });
        Assert.Equal(
            (false, false, "relaybox-Cleanup"),
            (configuration.IncludeDetailInExceptions, configuration.IncludePerformanceCountersInExceptions, configuration.ClientName));
        Assert.InRange(configuration.ConnectTimeout, 1_000, 8_000);
        Assert.InRange(configuration.AsyncTimeout, 1_000, 15_000);
    }

    [Theory]
    [InlineData("\"tls\":true", true)]
    [InlineData("\"ssl\":\"true\"", true)]
    [InlineData("\"tls\":false", false)]
    [InlineData("\"port\":\"7000\"", false)]
    public void On_loopback_a_secret_says_whether_there_is_TLS_and_elsewhere_there_always_is(string field, bool tls)
    {
        Assert.Equal(tls, RedisConnectionText.FromSecret($$"""{"host":"127.0.0.1","password":"p",{{field}}}""", OfSecret).Ssl);
        Assert.True(RedisConnectionText.FromSecret($$"""{"host":"h.example.com","password":"p",{{field}}}""", OfSecret).Ssl);
        Assert.True(RedisConnectionText.FromSecret($$"""{"host":"127.0.0.1,h.example.com","password":"p",{{field}}}""", OfSecret).Ssl);
    }

    [Fact]
    public void A_secret_with_user_name_and_password_alone_is_completed_by_settings()
    {
        var configuration = RedisConnectionText.FromSecret(
            """{"username":"relay","password":"p"}""",
            OfSecret with { Host = "a.example.com,b.example.com:7001", Port = 7000, Database = 2 });
        Assert.Equal("a.example.com:7000,b.example.com:7001", Hosts(configuration));
        Assert.Equal(("relay", "p", 2, true), (configuration.User, configuration.Password, configuration.DefaultDatabase, configuration.Ssl));
    }

    [Fact]
    public void A_secret_with_a_password_alone_is_that_of_the_default_user()
    {
        var configuration = RedisConnectionText.FromSecret(
            """{"host":"h.example.com","port":7000,"password":"p","database":1,"sentinel":"prim"}""", OfSecret);
        Assert.Equal(("h.example.com:7000", null, "prim", 1), (Hosts(configuration), configuration.User, configuration.ServiceName,
            configuration.DefaultDatabase));
    }

    [Theory]
    [InlineData("redis://u:canary-c0ffee-4711@db.example.com", "outside loopback the connection is always encrypted")]
    [InlineData("redis://127.0.0.1,10.0.0.7", "outside loopback the connection is always encrypted")]
    [InlineData("http://u:canary-c0ffee-4711@127.0.0.1", "it is not a URL of the form redis://")]
    [InlineData("127.0.0.1:6379,password=canary-c0ffee-4711", "it is not a URL of the form redis://")]
    [InlineData("redis://canary-c0ffee-4711@127.0.0.1", "it names a user without a password")]
    [InlineData("redis://u:77/canary-c0ffee-4711@127.0.0.1", "it is not a URL of the form redis://")]
    [InlineData("redis://u:77#canary-c0ffee-4711@127.0.0.1", "it is not a URL of the form redis://")]
    [InlineData("redis://u:50%zz-canary-c0ffee-4711@127.0.0.1", "it is not a URL of the form redis://")]
    [InlineData("redis://u:canary-c0ffee-4711", "it is not a URL of the form redis://")]
    [InlineData("redis://", "it names no host")]
    [InlineData("redis:///var/run/redis.sock", "it")]
    [InlineData("redis://127.0.0.1/canary-c0ffee-4711", "its database is not a number from 0 to 15")]
    [InlineData("redis://127.0.0.1/16", "its database is not a number from 0 to 15")]
    [InlineData("redis://127.0.0.1?canary-c0ffee-4711=1", "its option 1 after the '?' is not one that there is")]
    [InlineData("redis://127.0.0.1?sentinel=canary%0Ac0ffee-4711", "its option 'sentinel' is not the name of a primary")]
    public void What_cannot_be_used_is_refused_without_being_repeated(string url, string part)
    {
        var wrong = RedisConnectionText.Check(new RedisConnectionOptions { Url = url });
        Assert.Contains(part, wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong, StringComparison.Ordinal);
        var secret = Assert.Throws<SecretException>(() => RedisConnectionText.FromSecret($$"""{"url":"{{url}}"}""", OfSecret));
        Assert.Contains(Arn, secret.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{secret}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Canary, "it is neither a URL nor a JSON object")]
    [InlineData("""{"password":"canary-c0ffee-4711"}""", "it has no 'host', and DATABASE_HOST is not set")]
    [InlineData("""{"host":"h","username":"canary-c0ffee-4711"}""", "it has no 'password'")]
    [InlineData("""{"host":"canary c0ffee","password":"p"}""", "it is not a URL")]
    [InlineData("""{"host":"h","password":"p","port":"canary-c0ffee-4711"}""", "its 'port' is not one")]
    [InlineData("""{"host":"h","password":"p","port":65536}""", "its 'port' is not one")]
    [InlineData("""{"host":"h","password":"p","database":"canary-c0ffee-4711"}""", "its 'database' is not a number from 0 to 15")]
    [InlineData("""{"host":"h","password":"p","sentinel":"canary c0ffee"}""", "its 'sentinel' is not the name of a primary")]
    public void A_secret_that_cannot_be_used_is_refused_without_being_repeated(string secret, string part)
    {
        var wrong = Assert.Throws<SecretException>(() => RedisConnectionText.FromSecret(secret, OfSecret));
        Assert.Contains(part, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{wrong}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rediss://u:canary-c0ffee-4711@db.example.com")]
    [InlineData("""{"url":"rediss://u:canary-c0ffee-4711@db.example.com"}""")]
    public void A_host_or_port_beside_a_secret_that_is_a_URL_is_refused(string secret)
    {
        foreach (var options in new[] { OfSecret with { Host = "other.example.com" }, OfSecret with { Port = 7000 } })
        {
            var wrong = Assert.Throws<SecretException>(() => RedisConnectionText.FromSecret(secret, options));
            Assert.Contains(
                "it is a URL, which names its hosts itself, and DATABASE_HOST or DATABASE_PORT is set as well. Leave these out",
                wrong.Message,
                StringComparison.Ordinal);
            Assert.DoesNotContain("canary", $"{wrong}", StringComparison.Ordinal);
        }

        Assert.Equal(4, RedisConnectionText.FromSecret(secret, OfSecret with { Database = 4 }).DefaultDatabase);
    }

    [Fact]
    public void A_file_of_authorities_that_cannot_be_read_is_refused()
    {
        var options = new RedisConnectionOptions { Url = "rediss://127.0.0.1", CertificateAuthorityFile = "/nowhere.pem" };
        Assert.Contains(
            "DATABASE_CA_FILE", Assert.Throws<FormatException>(() => RedisConnectionText.FromUrl(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_options_never_show_what_is_secret()
    {
        var options = new RedisConnectionOptions { Url = $"redis://u:{Canary}@127.0.0.1", Host = Canary };
        Assert.DoesNotContain("canary", $"{options}", StringComparison.Ordinal);
        var target = RedisTarget.Of(RedisConnectionText.FromUrl(options with { Host = null }), options);
        Assert.DoesNotContain("canary", $"{target}", StringComparison.Ordinal);
        Assert.Equal(("127.0.0.1:6379", "u", "REDIS_URL"), (target.Host, target.User, target.Credentials));
    }

    private static string Hosts(ConfigurationOptions configuration) => string.Join(",", configuration.EndPoints.Select(endPoint => endPoint switch
    {
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => $"{endPoint}",
    }));
}
