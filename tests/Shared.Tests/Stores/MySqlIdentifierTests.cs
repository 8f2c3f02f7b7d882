using Relaybox.MySql;
using Relaybox.Settings;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Names from the configuration are names, and can be nothing else.</summary>
public sealed class MySqlIdentifierTests
{
    [Fact]
    public void Hostile_names_are_refused_wherever_a_name_is_set_and_are_not_repeated()
    {
        foreach (var name in PostgresIdentifierTests.Names.Where(name => name != new string('a', MySqlIdentifier.MaxLength)))
        {
            Assert.False(MySqlIdentifier.IsValid(name));
            foreach (var set in new Action[]
            {
                () => _ = new MySqlOptions { Schema = name },
                () => _ = new MySqlOptions { OutboxTable = name },
                () => _ = new MySqlOptions { InboxTable = name },
                () => _ = new MySqlOptions { JobsTable = name },
                () => _ = new MySqlRoles { Prefix = name },
                () => _ = new MySqlRoles { HandlerTables = [name] },
                () => _ = MySqlIdentifier.Quote(name),
            })
            {
                var error = Assert.Throws<SettingsException>(set);
                if (name.Length > 20)
                {
                    Assert.DoesNotContain(name, error.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("outbox")]
    [InlineData("Outbox_2")]
    [InlineData("_x")]
    [InlineData("select")]
    public void A_name_is_quoted_as_it_is(string name) => Assert.Equal($"`{name}`", MySqlIdentifier.Quote(name));

    [Theory]
    [InlineData("mysql")]
    [InlineData("Information_Schema")]
    [InlineData("sys")]
    public void The_servers_own_schemas_are_refused(string name)
    {
        var refused = Assert.Throws<SettingsException>(() => new MySqlOptions { Schema = name });
        Assert.Contains("choose another", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("app", "'app'@'%'")]
    [InlineData("shop-app.v2", "'shop-app.v2'@'%'")]
    [InlineData("app@localhost", "'app'@'localhost'")]
    [InlineData("app@10.0.%", "'app'@'10.0.%'")]
    [InlineData("app@10.0.0.0/255.255.0.0", "'app'@'10.0.0.0/255.255.0.0'")]
    public void A_user_is_a_name_and_a_host(string text, string quoted)
    {
        Assert.Equal(quoted, $"{MySqlUser.Read(text)}");
        Assert.Equal(text, new MySqlRoles { FunctionsUser = text }.FunctionsUser);
    }

    [Theory]
    [InlineData("")]
    [InlineData("@localhost")]
    [InlineData("a@")]
    [InlineData("a'b")]
    [InlineData("a`b")]
    [InlineData("a b")]
    [InlineData("a\\")]
    [InlineData("a@b@c")]
    [InlineData("a@'%'")]
    [InlineData("a@b; DROP USER root")]
    public void What_is_no_user_is_refused(string text)
    {
        Assert.Null(MySqlUser.Read(text));
        Assert.Throws<SettingsException>(() => new MySqlRoles { FunctionsUser = text });
        Assert.Throws<SettingsException>(() => new MySqlRoles { AppUsers = [text] });
    }
}
