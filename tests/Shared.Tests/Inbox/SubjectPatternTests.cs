using FsCheck;
using FsCheck.Fluent;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Inbox;

public class SubjectPatternTests
{
    [Theory]
    [InlineData("orders.placed", "orders.placed", true)]
    [InlineData("orders.placed", "orders.Placed", false)]
    [InlineData("orders.placed", "orders.placed.eu", false)]
    [InlineData("orders.placed", "orders", false)]
    [InlineData("orders.*", "orders.placed", true)]
    [InlineData("orders.*", "orders.placed.eu", false)]
    [InlineData("orders.*", "orders", false)]
    [InlineData("*.placed", "orders.placed", true)]
    [InlineData("*", "orders", true)]
    [InlineData("*", "orders.placed", false)]
    [InlineData("orders.>", "orders.placed", true)]
    [InlineData("orders.>", "orders.placed.eu", true)]
    [InlineData("orders.>", "orders", false)]
    [InlineData(">", "a.b.c", true)]
    [InlineData("a.*.>", "a.b", false)]
    [InlineData("a.*.>", "a.b.c", true)]
    public void A_pattern_matches_as_in_NATS(string pattern, string subject, bool matches) =>
        Assert.Equal(matches, SubjectPattern.Parse(pattern).Matches(subject));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("a.>.b")]
    [InlineData("a.b*")]
    [InlineData("a.>>")]
    [InlineData("a b")]
    [InlineData("$SYS.>")]
    public void What_is_no_pattern_is_refused(string text) => Assert.Throws<FormatException>(() => SubjectPattern.Parse(text));

    [Fact]
    public void Matching_agrees_with_the_definition() => Prop.ForAll(
        Tokens("a", "b", "*").SelectMany(
            _ => Gen.Elements(true, false), (tokens, open) => open ? tokens.Append(">").ToArray() : tokens).ToArbitrary(),
        Tokens("a", "b").ToArbitrary(),
        (pattern, subject) =>
        {
            var tail = pattern[^1] == ">";
            var fixedPart = tail ? pattern[..^1] : pattern;
            var expected = (tail ? subject.Length > fixedPart.Length : subject.Length == fixedPart.Length)
                && fixedPart.Zip(subject).All(pair => pair.First == "*" || pair.First == pair.Second);
            Assert.Equal(expected, SubjectPattern.Parse(string.Join('.', pattern)).Matches(string.Join('.', subject)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void The_narrowest_pattern_of_a_consumer_wins_whatever_the_order()
    {
        string[] patterns = [">", "orders.>", "*.placed", "orders.*", "orders.placed"];
        foreach (var order in new[] { patterns, patterns.Reverse().ToArray() })
        {
            var registry = new HandlerRegistry("default");
            foreach (var pattern in order)
            {
                registry.AddRaw(pattern, new Handler<string>());
            }

            Assert.Equal("orders.placed", Find(registry, "orders.placed"));
            Assert.Equal("orders.*", Find(registry, "orders.cancelled"));
            Assert.Equal("orders.>", Find(registry, "orders.placed.eu"));
            Assert.Equal("*.placed", Find(registry, "invoices.placed"));
            Assert.Equal(">", Find(registry, "anything"));
        }
    }

    [Fact]
    public void Every_consumer_gets_its_own_handler()
    {
        var registry = new HandlerRegistry("default")
            .AddRaw("orders.*", new Handler<string>())
            .AddRaw("orders.placed", new Handler<string>(), "billing")
            .AddRaw("orders.>", new Handler<string>(), "billing")
            .AddRaw("invoices.*", new Handler<string>(), "mail");
        Assert.Equal(["billing", "default"], registry.Find("orders.placed").Select(r => r.Consumer).Order());
        Assert.Empty(registry.Find("users.created"));
    }

    [Fact]
    public void A_pattern_is_registered_once_per_consumer()
    {
        var registry = new HandlerRegistry("default").AddRaw("orders.*", new Handler<string>());
        Assert.Throws<InvalidOperationException>(() => registry.AddRaw("orders.*", new Handler<string>()));
        Assert.Throws<InvalidOperationException>(() => registry.AddRaw("orders.*", new Handler<string>(), "default"));
        registry.AddRaw("orders.*", new Handler<string>(), "billing");
        Assert.Throws<FormatException>(() => registry.AddRaw("orders.", new Handler<string>()));
    }

    [Fact]
    public void A_payload_hash_tells_events_apart_and_not_deliveries()
    {
        var hash = Sample.Message("a").PayloadHash;
        Assert.Equal(32, hash.Length);
        Assert.True(hash.Span.SequenceEqual(Sample.Message("b").PayloadHash.Span));
        Assert.False(hash.Span.SequenceEqual(Sample.Message("a", "other").PayloadHash.Span));
        Assert.False(hash.Span.SequenceEqual(Sample.Message("a", subject: "orders.other").PayloadHash.Span));
    }

    private static string Find(HandlerRegistry registry, string subject) => Assert.Single(registry.Find(subject)).Pattern.Text;

    private static Gen<string[]> Tokens(params string[] tokens) => Gen.NonEmptyListOf(Gen.Elements(tokens)).Select(list => list.ToArray());
}
