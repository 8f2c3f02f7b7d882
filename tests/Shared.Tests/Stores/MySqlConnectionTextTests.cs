using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Secrets;
using Relaybox.Sql;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What the driver is told, by a URL or a secret, and what is refused without being repeated.</summary>
public sealed class MySqlConnectionTextTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    private static readonly SqlConnectionOptions OfSecret = new() { SecretArn = Arn };

    [Theory]
    [InlineData("mysql://u:p@127.0.0.1:3307/shop", "127.0.0.1", 3307, "u", "p", "shop")]
    [InlineData("mariadb://u:p%40ss%2Fword@localhost/shop", "localhost", 3306, "u", "p@ss/word", "shop")]
    [InlineData("mysql://u:p@127.0.0.1", "127.0.0.1", 3306, "u", "p", "")]
    [InlineData("Server=127.0.0.1;Port=7;User ID=u;Password=p;Database=shop", "127.0.0.1", 7, "u", "p", "shop")]
    [InlineData("Server=::1;User ID=u;Password=p;Database=shop", "::1", 3306, "u", "p", "shop")]
    [InlineData("mysql://u:p@[::1]:3307/shop", "::1", 3307, "u", "p", "shop")]
    public void A_URL_says_where_the_database_is(string url, string host, int port, string user, string password, string database)
    {
        var builder = Assert.Single(MySqlConnectionText.FromUrl(new SqlConnectionOptions { Url = url }));
        Assert.Equal((host, port, user, password, database), (builder.Server, (int)builder.Port, builder.UserID, builder.Password, builder.Database));
        Assert.Equal((MySqlSslMode.Preferred, true), (builder.SslMode, builder.AllowPublicKeyRetrieval));
    }

    [Theory]
    [InlineData("mysql://u:p@db.example.com/shop")]
    [InlineData("mysql://u:p@db.example.com/shop?ssl-mode=verify_identity")]
    [InlineData("mysql://u:p@db.example.com/shop?ssl-mode=VERIFY-IDENTITY")]
    [InlineData("Server=10.0.0.7;User ID=u;Password=p;Database=shop")]
    [InlineData("Server=127.0.0.1,db.example.com;User ID=u;Password=p;Database=shop")]
    [InlineData("mysql://u:p@db.example.com/shop?AllowPublicKeyRetrieval=true")]
    public void Outside_loopback_the_server_is_always_verified_and_no_password_is_sent_by_a_key_of_its_own(string url)
    {
        foreach (var builder in MySqlConnectionText.FromUrl(new SqlConnectionOptions { Url = url }))
        {
            Assert.Equal(MySqlSslMode.VerifyFull, builder.SslMode);
            Assert.Equal(builder.Server == "127.0.0.1", builder.AllowPublicKeyRetrieval);
        }
    }

    [Theory]
    [InlineData("db.example.com", MySqlSslMode.VerifyFull)]
    [InlineData("10.0.0.7", MySqlSslMode.VerifyFull)]
    [InlineData("127.0.0.1", MySqlSslMode.Preferred)]
    public void The_server_of_a_secret_is_verified_as_that_of_a_URL(string host, MySqlSslMode mode)
    {
        var secret = $$"""{"host":"{{host}}","port":1,"dbname":"d","username":"u","password":"p","ssl-mode":"disabled"}""";
        Assert.Equal(mode, Assert.Single(MySqlConnectionText.FromSecret(secret, OfSecret)).SslMode);
        Assert.Equal(
            MySqlSslMode.VerifyFull, Assert.Single(MySqlConnectionText.FromSecret(secret, OfSecret with { Host = "proxy.example.com" })).SslMode);
    }

    [Fact]
    public void A_secret_with_user_name_and_password_alone_is_completed_by_settings()
    {
        var hosts = MySqlConnectionText.FromSecret(
            """{"username":"relay","password":"p"}""", OfSecret with { Host = "a.example.com,b.example.com:3307", Port = 3308, Database = "app" });

        Assert.Equal([("a.example.com", 3308u), ("b.example.com", 3307u)], hosts.Select(host => (host.Server, host.Port)));
        Assert.All(hosts, host => Assert.Equal(("app", "relay", "p"), (host.Database, host.UserID, host.Password)));
    }

    [Fact]
    public void The_driver_is_bounded_and_does_nothing_that_a_statement_could_use_against_this_machine()
    {
        const string Url =
            "mysql://u:p@127.0.0.1/shop?AllowLoadLocalInfile=true&AllowUserVariables=true&UseAffectedRows=true&Pooling=false&AutoEnlist=true"
            + "&GuidFormat=Char36&MaximumPoolSize=900&DefaultCommandTimeout=900&ConnectionIdleTimeout=9000&ConnectionReset=false&charset=latin1";
        var options = new SqlConnectionOptions { Url = Url, MaxPoolSize = 7, ApplicationName = "relaybox Cleanup" };
        var builder = Assert.Single(MySqlConnectionText.FromUrl(options));
        Assert.Equal((false, false, false, true, false), (
            builder.AllowLoadLocalInfile, builder.AllowUserVariables, builder.UseAffectedRows, builder.Pooling, builder.AutoEnlist));
        Assert.Equal((7u, 8u, 15u, 300u, 30u), (
            builder.MaximumPoolSize, builder.ConnectionTimeout, builder.DefaultCommandTimeout, builder.ConnectionLifeTime, builder.Keepalive));
        Assert.Equal((MySqlGuidFormat.None, "utf8mb4", "relaybox Cleanup", true), (
            builder.GuidFormat, builder.CharacterSet, builder.ApplicationName, builder.ConnectionReset));
        Assert.InRange(builder.ConnectionIdleTimeout, 1u, 899u);
    }

    [Fact]
    public void The_options_of_MySQL_are_read()
    {
        const string Url =
            "mysql://u:p%3D@127.0.0.1/shop?ssl-mode=required&connect_timeout=3&program_name=my%20app&ssl-ca=%2Fetc%2Fca.pem&ConnectionLifeTime=60";
        var builder = Assert.Single(MySqlConnectionText.FromUrl(new SqlConnectionOptions { Url = Url }));
        Assert.Equal(("p=", MySqlSslMode.Required, 3u, "my app", "/etc/ca.pem", 60u), (
            builder.Password, builder.SslMode, builder.ConnectionTimeout, builder.ApplicationName, builder.SslCa, builder.ConnectionLifeTime));
    }

    [Fact]
    public void Options_can_be_printed_without_telling_a_password()
    {
        var printed = $"{new SqlConnectionOptions { Url = "mysql://u:canary@db.example.com/shop", SecretArn = Arn }}";
        Assert.Contains("relaybox", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mysql://u:canary@db.example.com/shop?ssl-mode=disabled", "not verified")]
    [InlineData("mysql://u:canary@db.example.com/shop?ssl-mode=required", "not verified")]
    [InlineData("mysql://u:canary@db.example.com/shop?ssl-mode=verify_ca", "not verified")]
    [InlineData("Server=db.example.com;User ID=u;Password=canary;SSL Mode=Preferred", "not verified")]
    [InlineData("mysql://u:canary@127.0.0.1/shop?program_name=a&canary=red", "option 2")]
    [InlineData("mysql://u:canary@127.0.0.1/shop?ssl-mode=canary", "'ssl-mode'")]
    [InlineData("mysql://u:canary@127.0.0.1/shop?canary", "form")]
    [InlineData("mysql://relay:77/canary@127.0.0.1/shop", "%2F")]
    [InlineData("mysql://relay:77?canary@127.0.0.1/shop", "%3F")]
    [InlineData("mysql://relay:77#canary@127.0.0.1/shop", "%23")]
    [InlineData("mysql://relay:77@canary@127.0.0.1/shop", "%40")]
    [InlineData("mysql://relay:50%xcanary@127.0.0.1/shop", "%25")]
    [InlineData("mysql://relay:77@127.0.0.1/shop/canary", "form")]
    [InlineData("mysql://relay:canary", "form")]
    [InlineData("mysql://relay:canary@", "no host")]
    [InlineData("mysql://relay:canary@/shop", "no host")]
    [InlineData("mysql://relay:canary@127.0.0.1:1,/shop", "no host")]
    [InlineData("mysql://relay:p@127.0.0.1:canary/shop", "form")]
    [InlineData("Server=canary!;User ID=u", "host")]
    [InlineData("postgres://u:canary@127.0.0.1/shop", "neither")]
    [InlineData("Password=canary;Colour=red", "neither")]
    [InlineData("Password=canary", "no host")]
    [InlineData("mysql://", "no host")]
    public void What_is_wrong_with_a_URL_is_said_without_its_password(string url, string part)
    {
        var wrong = MySqlConnectionText.Check(new SqlConnectionOptions { Url = url });
        Assert.Contains(part, wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("canary", "not a JSON object")]
    [InlineData("""{"host":"h","port":1,"dbname":"d","password":"canary"}""", "'username'")]
    [InlineData("""{"host":"h","port":1,"dbname":"d","username":"u"}""", "'password'")]
    [InlineData("""{"host":"h","port":"x","dbname":"d","username":"u","password":"canary"}""", "'port'")]
    [InlineData("""{"host":"h","port":99999,"dbname":"d","username":"u","password":"canary"}""", "'port'")]
    [InlineData("""{"host":"canary!","port":1,"dbname":"d","username":"u","password":"canary"}""", "'host'")]
    [InlineData("""{"port":1,"dbname":"d","username":"u","password":"canary"}""", "'host'")]
    [InlineData("""{"host":"h","port":1,"username":"u","password":"canary"}""", "'dbname'")]
    [InlineData("""{"host":"h","dbname":"d","username":"u","password":"p","password":"canary"}""", "a name twice")]
    public void What_is_wrong_with_a_secret_is_said_without_its_text(string secret, string part)
    {
        var wrong = Assert.Throws<SecretException>(() => MySqlConnectionText.FromSecret(secret, OfSecret));
        Assert.Contains(part, wrong.Message, StringComparison.Ordinal);
        Assert.Contains(Arn, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.0.12", "MySQL 8.0.12")]
    [InlineData("5.7.44-log", "MySQL 5.7.44")]
    [InlineData("5.7.mysql_aurora.2.11.2", "MySQL 5.7")]
    [InlineData("10.5.22-MariaDB", "MariaDB 10.5.22")]
    [InlineData("5.5.5-10.4.8-MariaDB-log", "MariaDB 10.4.8")]
    [InlineData("5.5.68-MariaDB", "MariaDB 5.5.68")]
    public void A_server_that_is_too_old_is_refused_by_its_name(string version, string name)
    {
        var refused = Assert.Throws<MySqlVersionException>(() => MySqlServerVersion.Require(version));
        Assert.StartsWith($"The server is {name}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.0.13", false)]
    [InlineData("8.4.3", false)]
    [InlineData("9.1.0-commercial", false)]
    [InlineData("8.0.36-28", false)]
    [InlineData("8.0.mysql_aurora.3.05.2", false)]
    [InlineData("10.6.0-MariaDB", true)]
    [InlineData("5.5.5-10.11.6-MariaDB-0+deb12u1", true)]
    [InlineData("11.4.2-MariaDB-ubu2404", true)]
    public void A_server_that_is_new_enough_is_let_in(string version, bool isMariaDb)
    {
        MySqlServerVersion.Require(version);
        Assert.Equal(isMariaDb, MySqlServerVersion.Read(version)!.IsMariaDb);
    }
}
