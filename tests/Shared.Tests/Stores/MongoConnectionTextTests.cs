using MongoDB.Driver;
using Relaybox.MongoDb;
using Relaybox.Secrets;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What the driver is told, by a URI or a secret, and what is refused without being repeated.</summary>
public sealed class MongoConnectionTextTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";
    private const string Canary = "canary-c0ffee-4711";

    private static readonly MongoConnectionOptions OfSecret = new() { SecretArn = Arn };

    [Theory]
    [InlineData("mongodb://u:p@127.0.0.1:27018/shop?replicaSet=rs0", "127.0.0.1:27018", "u", "shop", false)]
    [InlineData("mongodb://u:p%40ss%2Fw@localhost/shop", "localhost:27017", "u", "shop", false)]
    [InlineData("mongodb://127.0.0.1:1,127.0.0.1:2/shop?tls=true", "127.0.0.1:1,127.0.0.1:2", null, "shop", true)]
    [InlineData("mongodb://u:p@db.example.com/shop", "db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@db.example.com/shop?tls=false", "db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@db.example.com/shop?ssl=false", "db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@127.0.0.1,db.example.com/shop", "127.0.0.1:27017,db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@10.0.0.7/shop", "10.0.0.7:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@db.example.com/shop?tlsAllowInvalidCertificates=true", "db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://u:p@db.example.com/shop?tlsAllowInvalidHostnames=true", "db.example.com:27017", "u", "shop", true)]
    [InlineData("mongodb://[::1]:5/shop", "[::1]:5", null, "shop", false)]
    public void A_URI_says_where_the_database_is_and_outside_loopback_the_server_is_always_verified(
        string uri, string hosts, string? user, string database, bool tls)
    {
        foreach (var text in new[]
        {
            MongoConnectionText.FromUri(new MongoConnectionOptions { Uri = uri }),
            MongoConnectionText.FromSecret(uri, OfSecret),
            MongoConnectionText.FromSecret($$"""{"uri":"{{uri}}"}""", OfSecret),
        })
        {
            Assert.Equal(hosts, string.Join(",", text.Settings.Servers));
            Assert.Equal((user, database, tls), (text.Settings.Credential?.Username, text.Database, text.Settings.UseTls));
            Assert.False(text.Settings.AllowInsecureTls);
        }
    }

    [Fact]
    public void An_SRV_name_is_verified()
    {
        var text = MongoConnectionText.FromUri(new MongoConnectionOptions { Uri = "mongodb+srv://u:p@cluster0.example.com/shop?tls=false" });
        Assert.True(text.Settings.UseTls);
    }

    [Fact]
    public void The_settings_name_another_database_and_bound_the_driver()
    {
        var text = MongoConnectionText.FromUri(new MongoConnectionOptions
        {
            Uri = "mongodb://127.0.0.1/shop?serverSelectionTimeoutMS=600000&maxPoolSize=900&appName=other",
            Database = "app",
            MaxPoolSize = 7,
            ApplicationName = "relaybox Cleanup",
        });
        Assert.Equal(("app", 7, "relaybox Cleanup"), (text.Database, text.Settings.MaxConnectionPoolSize, text.Settings.ApplicationName));
        Assert.InRange(text.Settings.ServerSelectionTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
        Assert.InRange(text.Settings.SocketTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_secret_of_DocumentDBs_is_a_replica_set_without_the_drivers_own_retries()
    {
        var text = MongoConnectionText.FromSecret(
            """
            {"username":"u","password":"p","engine":"mongo","host":"docdb.example.com","port":27017,"ssl":true,"dbname":"shop",
             "dbClusterIdentifier":"docdb"}
            """,
            OfSecret);
        Assert.Equal("docdb.example.com:27017", $"{text.Settings.Server}");
        Assert.Equal(("rs0", false, true, "shop"), (text.Settings.ReplicaSetName, text.Settings.RetryWrites, text.Settings.UseTls, text.Database));
        Assert.Equal(("u", "admin"), (text.Settings.Credential.Username, text.Settings.Credential.Source));
    }

    [Theory]
    [InlineData("\"ssl\":true", true)]
    [InlineData("\"ssl\":\"true\"", true)]
    [InlineData("\"tls\":true", true)]
    [InlineData("\"ssl\":false", false)]
    [InlineData("\"port\":\"27018\"", false)]
    public void On_loopback_a_secret_says_whether_there_is_TLS(string field, bool tls)
    {
        var text = MongoConnectionText.FromSecret(
            $$"""{"host":"127.0.0.1","dbname":"d","username":"u","password":"p",{{field}}}""", OfSecret);
        Assert.Equal(tls, text.Settings.UseTls);
        Assert.True(MongoConnectionText.FromSecret(
            $$"""{"host":"h.example.com","dbname":"d","username":"u","password":"p",{{field}}}""", OfSecret).Settings.UseTls);
    }

    [Fact]
    public void A_secret_with_user_name_and_password_alone_is_completed_by_settings()
    {
        var text = MongoConnectionText.FromSecret(
            """{"username":"relay","password":"p"}""",
            OfSecret with { Host = "a.example.com,b.example.com:27019", Port = 27018, Database = "app" });
        Assert.Equal("a.example.com:27018,b.example.com:27019", string.Join(",", text.Settings.Servers));
        Assert.Equal(("app", "relay"), (text.Database, text.Settings.Credential.Username));
        Assert.Equal((true, null), (text.Settings.UseTls, text.Settings.ReplicaSetName));
    }

    [Theory]
    [InlineData("mongodb://u:canary-c0ffee-4711@db.example.com/shop")]
    [InlineData("""{"uri":"mongodb://u:canary-c0ffee-4711@db.example.com/shop"}""")]
    public void A_host_or_port_beside_a_secret_that_is_a_connection_string_is_refused(string secret)
    {
        foreach (var options in new[] { OfSecret with { Host = "other.example.com" }, OfSecret with { Port = 27018 } })
        {
            var wrong = Assert.Throws<SecretException>(() => MongoConnectionText.FromSecret(secret, options));
            Assert.Contains(
                "it is a connection string, which names its hosts itself, and DATABASE_HOST or DATABASE_PORT is set as well. Leave these out",
                wrong.Message,
                StringComparison.Ordinal);
            Assert.DoesNotContain("canary", $"{wrong}", StringComparison.Ordinal);
        }

        Assert.Equal("app", MongoConnectionText.FromSecret(secret, OfSecret with { Database = "app" }).Database);
    }

    [Fact]
    public void A_secret_can_say_where_its_user_is_and_the_name_of_the_replica_set()
    {
        var text = MongoConnectionText.FromSecret(
            """{"host":"127.0.0.1","database":"d","username":"u","password":"p","authSource":"users","replicaSet":"rs7"}""", OfSecret);
        Assert.Equal(("d", "users", "rs7"), (text.Database, text.Settings.Credential.Source, text.Settings.ReplicaSetName));
    }

    [Theory]
    [InlineData("mongodb://u:canary-c0ffee-4711@db.example.com/shop?tlsInsecure=true", "not verified")]
    [InlineData("mongodb://u:canary-c0ffee-4711@127.0.0.1/shop?tlsInsecure=true", "not verified")]
    [InlineData("mongodb://u:canary-c0ffee-4711@db.example.com/shop?sslVerifyCertificate=false", "not verified")]
    [InlineData("mongodb://u:77/canary-c0ffee-4711@127.0.0.1/shop", "%2F")]
    [InlineData("mongodb://u:77@canary-c0ffee-4711@127.0.0.1/shop", "%40")]
    [InlineData("mongodb://u:77:canary-c0ffee-4711@127.0.0.1/shop", "%3A")]
    [InlineData("mongodb://u:canary-c0ffee-4711@127.0.0.1", "no database")]
    [InlineData("mongodb://u:canary-c0ffee-4711@127.0.0.1/", "no database")]
    [InlineData("mongodb://u:p@127.0.0.1/canary-c0ffee-4711.x", "name")]
    [InlineData("mongodb://u:canary-c0ffee-4711@127.0.0.1/admin", "name")]
    [InlineData("mongodb://u:p@127.0.0.1:canary-c0ffee-4711/shop", "")]
    [InlineData("mongodb://u:canary-c0ffee-4711@/shop", "")]
    [InlineData("mongodb://u:canary-c0ffee-4711@127.0.0.1/shop?w=x&readPreference=canary-c0ffee-4711", "")]
    [InlineData("mongodb://u:p@127.0.0.1/shop?authMechanism=canary-c0ffee-4711", "")]
    [InlineData("mongodb://u:p@127.0.0.1/shop?replicaSet=rs0&directConnection=canary-c0ffee-4711", "")]
    [InlineData("mongodb+srv://u:canary-c0ffee-4711@a.example.com,b.example.com/shop", "")]
    [InlineData("postgres://u:canary-c0ffee-4711@127.0.0.1/shop", "mongodb://")]
    [InlineData("canary-c0ffee-4711", "mongodb://")]
    [InlineData("mongodb://", "")]
    public void What_is_wrong_with_a_URI_is_said_without_its_password(string uri, string part)
    {
        var wrong = MongoConnectionText.Check(new MongoConnectionOptions { Uri = uri });
        Assert.NotNull(wrong);
        Assert.Contains(part, wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong, StringComparison.Ordinal);

        if (uri.StartsWith("mongodb", StringComparison.Ordinal))
        {
            var secret = Assert.Throws<SecretException>(() => MongoConnectionText.FromSecret(uri, OfSecret));
            Assert.Contains(Arn, secret.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", secret.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("canary-c0ffee-4711", "neither a connection string nor a JSON object")]
    [InlineData("[\"canary-c0ffee-4711\"]", "neither a connection string nor a JSON object")]
    [InlineData("""{"host":"127.0.0.1","dbname":"d","password":"canary-c0ffee-4711"}""", "'username'")]
    [InlineData("""{"host":"127.0.0.1","dbname":"d","username":"u","Password":"canary-c0ffee-4711"}""", "'password'")]
    [InlineData("""{"dbname":"d","username":"u","password":"canary-c0ffee-4711"}""", "'host'")]
    [InlineData("""{"host":"127.0.0.1","username":"u","password":"canary-c0ffee-4711"}""", "'dbname'")]
    [InlineData("""{"host":"127.0.0.1","port":"canary-c0ffee-4711","dbname":"d","username":"u","password":"p"}""", "'port'")]
    [InlineData("""{"host":"127.0.0.1","port":99999999,"dbname":"d","username":"u","password":"canary-c0ffee-4711"}""", "port")]
    [InlineData("""{"host":"canary-c0ffee-4711!","dbname":"d","username":"u","password":"p"}""", "host")]
    [InlineData("""{"host":"","dbname":"d","username":"u","password":"canary-c0ffee-4711"}""", "host")]
    [InlineData("""{"host":"127.0.0.1","dbname":"canary c0ffee","username":"u","password":"canary-c0ffee-4711"}""", "name")]
    [InlineData("""{"host":"127.0.0.1","dbname":"d","username":"","password":"canary-c0ffee-4711"}""", "'username'")]
    [InlineData("""{"host":"127.0.0.1","dbname":"d","username":"u","username":"v","password":"canary-c0ffee-4711"}""", "a name twice")]
    [InlineData("""{"uri":"mongodb://u:77/canary-c0ffee-4711@127.0.0.1/shop"}""", "%2F")]
    public void What_is_wrong_with_a_secret_is_said_without_its_text(string secret, string part)
    {
        var wrong = Assert.Throws<SecretException>(() => MongoConnectionText.FromSecret(secret, OfSecret));
        Assert.Contains(part, wrong.Message, StringComparison.Ordinal);
        Assert.Contains(Arn, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_authorities_that_cannot_be_read_is_refused_without_its_path()
    {
        var options = new MongoConnectionOptions { Uri = "mongodb://127.0.0.1/shop", CertificateAuthorityFile = $"/nowhere/{Canary}" };
        var wrong = Assert.Throws<FormatException>(() => MongoConnectionText.FromUri(options));
        Assert.Contains("DATABASE_CA_FILE", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, $"{wrong}", StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_can_be_printed_tells_a_password()
    {
        var options = new MongoConnectionOptions { Uri = $"mongodb://u:{Canary}@db.example.com/shop", SecretArn = Arn };
        var text = MongoConnectionText.FromUri(options);
        using var client = new MongoClient(text.Settings);
        foreach (var printed in new[]
        {
            $"{options}", $"{text}", $"{text.Settings}", $"{text.Settings.Credential}",
            $"{MongoTarget.Of(client.GetDatabase(text.Database), options)}",
        })
        {
            Assert.DoesNotContain(Canary, printed, StringComparison.Ordinal);
        }
    }
}
