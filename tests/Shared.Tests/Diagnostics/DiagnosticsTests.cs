using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Diagnostics;
using Relaybox.DynamoDb;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Diagnostics;

public class DiagnosticsTests
{
    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 0.5, 1.5)]
    [InlineData(2, 0, 2)]
    [InlineData(5, 0, 16)]
    [InlineData(5, 0.5, 24)]
    [InlineData(9, 0, 150)]
    [InlineData(int.MaxValue, 0, 150)]
    public void Backoff_doubles_up_to_its_limit_and_half_of_it_is_jitter(int attempts, double jitter, double seconds)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5), new FixedEntropy(jitter));
        Assert.Equal(seconds, backoff.After(attempts).TotalSeconds);
    }

    [Fact]
    public void Bounded_text_is_short_and_clean() => Prop.ForAll(
        Gen.ArrayOf(Gen.Elements("abc", "\0", "\r\n", "\uD83D", "\uDE80", "\U0001F680", new string('x', 990))).Select(string.Concat).ToArbitrary(),
        text =>
        {
            var bound = ErrorText.Bound(text);
            Assert.Equal(Math.Min(text.Length, ErrorText.MaxLength), bound.Length);
            Assert.DoesNotContain(bound, char.IsControl);
            Assert.Equal(bound, new System.Text.UTF8Encoding(false, true).GetString(new System.Text.UTF8Encoding(false, true).GetBytes(bound)));
            Assert.Equal(bound, ErrorText.Bound(bound));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Bounded_text_keeps_what_is_fine()
    {
        Assert.Equal("", ErrorText.Bound(null));
        Assert.Equal("é \U0001F680", ErrorText.Bound("é \U0001F680"));
        Assert.Equal(new string('x', 999) + "\uFFFD", ErrorText.Bound(new string('x', 999) + "\U0001F680"));
    }

    [Fact]
    public void A_deadline_tells_what_is_left_and_never_less_than_nothing()
    {
        var clock = new FakeTimeProvider();
        var deadline = WorkDeadline.After(TimeSpan.FromSeconds(10), clock);
        Assert.Equal(TimeSpan.FromSeconds(10), deadline.Remaining);
        Assert.True(deadline.HasTimeFor(TimeSpan.FromSeconds(10)));
        Assert.False(deadline.Before(TimeSpan.FromSeconds(1)).HasTimeFor(TimeSpan.FromSeconds(10)));
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(TimeSpan.Zero, deadline.Remaining);
        Assert.False(deadline.HasTimeFor(TimeSpan.FromTicks(1)));
    }

    [Fact]
    public void A_scope_ends_at_the_deadline_or_with_its_caller_and_knows_which()
    {
        var clock = new FakeTimeProvider();
        using var caller = new CancellationTokenSource();
        using var timed = WorkDeadline.After(TimeSpan.FromSeconds(10), clock).BeginScope(CancellationToken.None);
        using var called = WorkDeadline.After(TimeSpan.FromSeconds(10), clock).BeginScope(caller.Token);
        using var over = WorkDeadline.After(TimeSpan.FromSeconds(-1), clock).BeginScope(CancellationToken.None);

        caller.Cancel();
        Assert.Equal((true, false), (called.Token.IsCancellationRequested, called.IsOver));
        Assert.Equal((false, false), (timed.Token.IsCancellationRequested, timed.IsOver));
        Assert.Equal((true, true), (over.Token.IsCancellationRequested, over.IsOver));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, true), (timed.Token.IsCancellationRequested, timed.IsOver));
    }

    [Theory]
    [InlineData("billing", "e-1", "")]
    [InlineData("a:b:1", "12:x", "")]
    [InlineData("é", "\U0001F680", "")]
    [InlineData("billing", "e-1", "7#:2")]
    public void A_cursor_finds_its_place_again(string consumer, string eventId, string replayId)
    {
        var key = new InboxKey(consumer, eventId, replayId);
        Assert.Equal(key, InboxItem.KeyOf(InboxCursor.ToKey(InboxCursor.From(InboxItem.Key(key)))!));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("x")]
    [InlineData("x:y")]
    [InlineData("3:abc")]
    [InlineData("9:abc")]
    [InlineData("-1:abc")]
    [InlineData("2147483647:abc")]
    public void A_cursor_of_somebody_else_is_refused(string cursor)
    {
        Assert.Throws<FormatException>(() => InboxCursor.ToKey(cursor));
        Assert.Null(InboxCursor.ToKey(null));
        Assert.Null(InboxCursor.From(null));
        Assert.Null(InboxCursor.From([]));
    }

    [Theory]
    [InlineData(null, 0, null)]
    [InlineData("7", 7, null)]
    [InlineData("7:1767225600000:e-1", 7, "e-1")]
    [InlineData("0:-5:a:b:c", 0, "a:b:c")]
    public void A_place_in_the_due_index_is_read_as_it_was_written(string? text, int shard, string? eventId)
    {
        var cursor = DueCursor.Parse(text);
        Assert.Equal((shard, eventId), (cursor.Shard, cursor.EventId));
        Assert.Equal(text ?? "0", cursor.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1:2")]
    [InlineData("1:x:e-1")]
    public void A_place_that_is_none_of_the_due_index_is_refused(string text) =>
        Assert.Throws<FormatException>(() => DueCursor.Parse(text));
}
