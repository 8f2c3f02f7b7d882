using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>Which rows a selection means, and what it says where it cannot be read.</summary>
public sealed class RowSelectionTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly OutboxRow Row = new(
        Sample.Event("e-1") with
        {
            Subject = "orders.placed.eu", OrderingKey = "customer 7", Headers = new Dictionary<string, string> { ["tenant"] = "acme" },
        },
        OutboxStatus.Failed)
    {
        ErrorCode = "publish.rejected", ErrorMessage = "The queue said: Access Denied", FailedAt = Now.AddHours(-3),
    };

    [Theory]
    [InlineData("")]
    [InlineData("state:failed")]
    [InlineData("id:e-1")]
    [InlineData("subject:orders.>")]
    [InlineData("subject:orders.*.eu  error:publish.*")]
    [InlineData("error:publish.rejected")]
    [InlineData("text:\"access denied\"")]
    [InlineData("key:\"customer 7\"")]
    [InlineData("header:tenant")]
    [InlineData("header:tenant=acme")]
    [InlineData("older:3h newer:1d")]
    [InlineData("older:180m")]
    [InlineData("shelved:no skipped:no")]
    [InlineData("shelved:any")]
    public void A_row_is_meant_where_all_terms_hold(string selection) => Assert.True(RowSelection.Parse(selection).Matches(Row, Now));

    [Theory]
    [InlineData("id:e-2")]
    [InlineData("subject:orders.*")]
    [InlineData("error:publish.unknown")]
    [InlineData("error:message.*")]
    [InlineData("text:granted")]
    [InlineData("key:customer")]
    [InlineData("header:tenant=other")]
    [InlineData("header:tenants")]
    [InlineData("older:4h")]
    [InlineData("newer:3h")]
    [InlineData("shelved:yes")]
    [InlineData("skipped:yes")]
    [InlineData("subject:orders.> error:none")]
    public void A_row_is_not_meant_where_one_term_does_not_hold(string selection) =>
        Assert.False(RowSelection.Parse(selection).Matches(Row, Now));

    [Fact]
    public void A_subject_that_nothing_can_be_published_to_means_itself()
    {
        var row = Row with { Event = Row.Event with { Subject = "orders placed" } };
        Assert.True(RowSelection.Parse("subject:\"orders placed\"").Matches(row, Now));
        Assert.False(RowSelection.Parse("subject:\"orders paid\"").Matches(row, Now));
        Assert.False(RowSelection.Parse("subject:\"orders placed\"").Matches(Row, Now));
    }

    [Fact]
    public void Shelved_rows_are_left_out_unless_they_are_asked_for_or_named()
    {
        var shelved = Row with { ShelvedAt = Now };
        Assert.False(RowSelection.Parse("error:publish.*").Matches(shelved, Now));
        Assert.True(RowSelection.Parse("shelved:yes").Matches(shelved, Now));
        Assert.True(RowSelection.Parse("shelved:any").Matches(shelved, Now));
        Assert.True(RowSelection.Parse("id:e-1").Matches(shelved, Now));
    }

    [Theory]
    [InlineData("orders", "'orders' is no term of a selection of parked rows. Write a name, ':' and a value")]
    [InlineData("colour:red", "'colour:' is no term of a selection")]
    [InlineData("error:", "'error:' has no value.")]
    [InlineData("error:a error:b", "'error:' stands twice.")]
    [InlineData("older:2w", "'older:2w' is no age. Write a whole number and s, m, h or d, as in older:2h")]
    [InlineData("older:99999999d", "'older:99999999d' is no age.")]
    [InlineData("shelved:maybe", "Write shelved:yes, shelved:no or shelved:any.")]
    [InlineData("subject:orders.>.x", "subject: 'orders.>.x' is not a subject pattern")]
    [InlineData("state:sent", "'state:sent' cannot be selected")]
    [InlineData("text:\"open", "A double quote is not closed.")]
    public void What_cannot_be_read_is_refused_with_what_to_write(string selection, string message) =>
        Assert.Contains(message, Assert.Throws<RequestException>(() => RowSelection.Parse(selection)).Message, StringComparison.Ordinal);

    [Fact]
    public void Pending_rows_are_neither_shelved_nor_skipped_and_no_other_state()
    {
        Assert.Equal(OperationTarget.PendingRows, RowSelection.Parse("state:pending error:publish.*", OperationTarget.PendingRows).Of);
        foreach (var selection in new[] { "shelved:yes", "skipped:no", "state:failed" })
        {
            Assert.Throws<RequestException>(() => RowSelection.Parse(selection, OperationTarget.PendingRows));
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("state:dead", true)]
    [InlineData("id:e-1 subject:orders.> error:message.* text:broken key:\"customer 7\" header:tenant=acme older:3h newer:1d", true)]
    [InlineData("id:e-2", false)]
    [InlineData("subject:payments.>", false)]
    [InlineData("error:publish.*", false)]
    [InlineData("header:tenant=other", false)]
    [InlineData("older:4h", false)]
    public void Dead_letters_have_the_terms_of_rows(string selection, bool isMeant)
    {
        var letter = new DeadLetter("m-1")
        {
            Event = Row.Event, EventId = "e-1", Subject = Row.Event.Subject, ErrorCode = "message.attempts-exhausted", ErrorMessage = "It is broken.",
            DeadAt = Now.AddHours(-3), Bytes = 7,
        };
        Assert.Equal(isMeant, RowSelection.Parse(selection, OperationTarget.DeadLetters).Matches(letter, Now));
    }

    [Fact]
    public void Of_a_dead_letter_that_is_no_event_terms_about_the_event_do_not_hold()
    {
        var letter = new DeadLetter("m-1") { Bytes = 7 };
        Assert.True(RowSelection.Parse("", OperationTarget.DeadLetters).Matches(letter, Now));
        Assert.All(
            new[] { "id:e-1", "subject:>", "error:*", "text:a", "key:a", "header:a", "older:1s", "newer:1s" },
            term => Assert.False(RowSelection.Parse(term, OperationTarget.DeadLetters).Matches(letter, Now), term));
    }

    [Theory]
    [InlineData("shelved:yes", "'shelved:' is no term of a selection of dead letters. Write a name")]
    [InlineData("skipped:no", "'skipped:' is no term of a selection of dead letters.")]
    [InlineData("state:failed", "'state:failed' cannot be selected: here are dead letters alone, state:dead.")]
    public void A_term_that_dead_letters_do_not_have_is_refused(string selection, string message) => Assert.Contains(
        message, Assert.Throws<RequestException>(() => RowSelection.Parse(selection, OperationTarget.DeadLetters)).Message, StringComparison.Ordinal);
}
