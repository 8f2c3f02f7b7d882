using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Outbox;

public class RowContractTests
{
    public static TheoryData<string?> BadIds { get; } =
        [new((string?)null), "", new string('x', 256), "a\nb", "a\0", "\uD800", "\uDC00\uD800", "\u0085"];

    public static TheoryData<string?> BadSubjects { get; } =
    [
        new((string?)null), "", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "*", ">",
        "$JS.API", "a\r\nb", "a\0", "é", "a/b", "a:b", "a,b", new string('a', 256),
    ];

    [Theory]
    [InlineData("a")]
    [InlineData("0197f6a0-0000-7000-8000-000000000000")]
    [InlineData(" ")]
    [InlineData("order/7#1 é \U0001F680")]
    public void An_id_may_be_any_text(string eventId)
    {
        Assert.Null(RowContract.Check(Sample.Event(eventId)));
        Assert.Null(RowContract.CheckEventId(new string('x', 255)));
    }

    [Theory]
    [MemberData(nameof(BadIds), DisableDiscoveryEnumeration = true)]
    public void An_id_that_no_store_can_keep_is_a_violation(string? eventId) =>
        Assert.Equal(ErrorCodes.EventIdInvalid, RowContract.Check(Sample.Event("x") with { EventId = eventId! })!.Code);

    [Theory]
    [InlineData("a")]
    [InlineData("orders.placed")]
    [InlineData("USER_CREATED")]
    [InlineData("a-b_c.0.Z")]
    public void A_subject_is_tokens_with_dots_between(string subject)
    {
        Assert.Null(RowContract.CheckSubject(subject));
        Assert.Null(RowContract.CheckSubject(new string('a', 255)));
    }

    [Theory]
    [MemberData(nameof(BadSubjects))]
    public void A_subject_that_could_address_more_than_itself_is_a_violation(string? subject) =>
        Assert.Equal(ErrorCodes.SubjectInvalid, RowContract.CheckSubject(subject)!.Code);

    [Theory]
    [MemberData(nameof(Sample.AwkwardPayloads), MemberType = typeof(Sample))]
    public void A_payload_may_be_any_unicode_text(string payload) => Assert.Null(RowContract.Check(Sample.Event(payload: payload)));

    // Neither an attribute nor the list of discovered tests can hold half a surrogate pair.
    public static TheoryData<string?> BadPayloads { get; } = [new((string?)null), "\uD800", "{\"a\":\"\uDC00\"}", "\uD83D\uD83D\uDE80"];

    [Theory]
    [MemberData(nameof(BadPayloads), DisableDiscoveryEnumeration = true)]
    public void A_payload_that_is_no_unicode_is_a_violation(string? payload) =>
        Assert.Equal(ErrorCodes.PayloadInvalid, RowContract.Check(Sample.Event() with { Payload = payload! })!.Code);

    [Theory]
    [InlineData("", "v")]
    [InlineData("a b", "v")]
    [InlineData("a:b", "v")]
    [InlineData("é", "v")]
    [InlineData("Nats-Msg-Id", "v")]
    [InlineData("nats-expected-stream", "v")]
    [InlineData("h", "a\r\nNats-Msg-Id: x")]
    [InlineData("h", "a\0")]
    [InlineData("h", null)]
    public void A_header_that_could_smuggle_another_is_a_violation(string name, string? value) => Assert.Equal(
        ErrorCodes.HeadersInvalid,
        RowContract.Check(Sample.Event() with { Headers = new Dictionary<string, string> { [name] = value! } })!.Code);

    [Fact]
    public void Headers_have_a_limit_in_number_and_in_bytes()
    {
        Assert.Null(Check(64, "v"));
        Assert.NotNull(Check(65, "v"));
        Assert.Null(Check(1, new string('é', (8192 - 2) / 2)));
        Assert.NotNull(Check(1, new string('é', 4096)));
        Assert.NotNull(Check(1, "\uD800"));
        Assert.Equal(ErrorCodes.HeadersInvalid, RowContract.Check(Sample.Event() with { Headers = null! })!.Code);

        static RowViolation? Check(int count, string value) => RowContract.Check(Sample.Event() with
        {
            Headers = Enumerable.Range(10, count).ToDictionary(i => $"{i}", _ => value),
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\u0007")]
    public void An_ordering_key_that_says_nothing_is_a_violation(string key)
    {
        Assert.Equal(ErrorCodes.OrderingKeyInvalid, RowContract.Check(Sample.Event() with { OrderingKey = key })!.Code);
        Assert.NotNull(RowContract.Check(Sample.Event() with { OrderingKey = "\uDC00" }));
        Assert.NotNull(RowContract.Check(Sample.Event() with { OrderingKey = new string('k', 256) }));
        Assert.Null(RowContract.Check(Sample.Event() with { OrderingKey = new string('k', 255) }));
    }

    [Fact]
    public void A_violation_never_quotes_what_it_is_about()
    {
        foreach (var bad in new[]
        {
            Sample.Event("secret\n"),
            Sample.Event(subject: "secret subject"),
            Sample.Event(payload: "secret\uD800"),
            Sample.Event() with { Headers = new Dictionary<string, string> { ["secret name"] = "secret" } },
            Sample.Event() with { OrderingKey = "secret\n" },
        })
        {
            Assert.DoesNotContain("secret", RowContract.Check(bad)!.Message, StringComparison.Ordinal);
            var error = Assert.Throws<RowContractException>(() => RowContract.Require(bad));
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("pending", OutboxStatus.Pending)]
    [InlineData("publishing", OutboxStatus.Publishing)]
    [InlineData("sent", OutboxStatus.Sent)]
    [InlineData("failed", OutboxStatus.Failed)]
    [InlineData("Pending", OutboxStatus.Unknown)]
    [InlineData("", OutboxStatus.Unknown)]
    [InlineData(null, OutboxStatus.Unknown)]
    public void A_status_is_read_to_the_letter(string? text, Enum status) => Assert.Equal((OutboxStatus)status, OutboxStatusText.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("done")]
    [InlineData("{} {}")]
    [InlineData(" {}")]
    public void A_result_that_is_not_one_JSON_value_is_a_violation(string result) =>
        Assert.Equal(ErrorCodes.FieldInvalid, RowContract.Check(Sample.Event() with { Result = result })!.Code);

    [Theory]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("""{"id":7}""")]
    public void A_result_is_any_JSON_value(string result) =>
        Assert.Null(RowContract.Check(Sample.Event() with { Result = result }));
}
