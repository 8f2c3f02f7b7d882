using Relaybox.Postgres;
using Relaybox.Settings;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Names from the configuration are names, and can be nothing else.</summary>
public sealed class PostgresIdentifierTests
{
    private static readonly string[] Hostile =
    [
        "", " ", "a b", "a-b", "a.b", "a;b", "a'b", "a\"b", "a`b", "a\\b", "a/b", "a\0b", "a\nb", "a\tb", "1a", "9",
        "-a", "$a", "a$", "é", "aé", "таблица", "表", "\U0001F680", "ａ", "a\u200B", "\uFEFFa", "a\u0301", "İ", "ſ", "K",
        "public.outbox", "\"outbox\"", "[outbox]", "outbox; DROP TABLE outbox", "outbox--", "outbox/*", "outbox)",
        "(outbox", "outbox\"; DROP SCHEMA public CASCADE; --", "outbox' OR '1'='1", "{{schema}}", "outbox}}", "$1",
        ":name", "@name", "a,b", "a=b", "a+b", "a|b", "a&b", "a%b", "a*b", "a?b", "a!b", "a#b", "a^b", "a~b",
    ];

    /// <summary>Each hostile text alone, before, after and inside a good name, and too long ones: more than 500.</summary>
    public static IEnumerable<string> Names => Hostile
        .SelectMany(
            text => new[] { text, "outbox" + text, text + "outbox", "out" + text + "box", text + text, "_" + text, text + "_", "a1" + text + "b2" })
        .Where(name => !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || name.Length == 0 || char.IsAsciiDigit(name[0]))
        .Concat(Enumerable.Range(64, 150).Select(length => new string('a', length)))
        .Distinct();

    [Fact]
    public void Hostile_names_are_refused_wherever_a_name_is_set_and_are_not_repeated()
    {
        Assert.True(Names.Count() >= 500, $"there are {Names.Count()} names");
        foreach (var name in Names)
        {
            Assert.False(PostgresIdentifier.IsValid(name));
            foreach (var set in new Action[]
            {
                () => _ = new PostgresOptions { Schema = name },
                () => _ = new PostgresOptions { OutboxTable = name },
                () => _ = new PostgresOptions { InboxTable = name },
                () => _ = new PostgresOptions { JobsTable = name },
                () => _ = new PostgresOptions() with { OutboxTable = name },
                () => _ = new PostgresRoles { Relay = name },
                () => _ = PostgresIdentifier.Quote(name),
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
    public void A_name_is_quoted_as_it_is(string name) => Assert.Equal($"\"{name}\"", PostgresIdentifier.Quote(name));

    [Fact]
    public void Derived_names_are_short_enough_and_tell_tables_apart()
    {
        var a = PostgresIdentifier.Derive(new string('a', 63), "keyed_due");
        var b = PostgresIdentifier.Derive(new string('a', 62) + "b", "keyed_due");
        Assert.Equal("outbox_due", PostgresIdentifier.Derive("outbox", "due"));
        Assert.True(a.Length <= 63 && PostgresIdentifier.IsValid(a), a);
        Assert.NotEqual(a, b);
    }
}
