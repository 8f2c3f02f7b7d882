using System.Text;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class PayloadReferenceTests
{
    private const string Hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    private static readonly byte[] Hello = "hello"u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Formats => [.. MessageFormats.Names];

    [Fact]
    public void A_reference_is_written_as_the_docs_say_and_names_the_object_by_the_hash()
    {
        var reference = PayloadReference.Of("my-bucket", Hello);

        Assert.Equal($$"""{"bucket":"my-bucket","key":"payloads/{{Hash}}","sha256":"{{Hash}}","bytes":5}""", reference.ToString());
        Assert.Equal($"payloads/{Hash}", reference.Key);
        Assert.Equal(reference, PayloadReference.Read(reference.PutInto(Sample.Event())));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_event_with_a_reference_goes_through_every_format_and_comes_out_as_it_was_before(string name)
    {
        var written = Sample.Event(payload: "hello") with
        {
            OrderingKey = "k",
            Result = "{}",
            Headers = new Dictionary<string, string> { ["content-type"] = "image/png", ["traceparent"] = "00-a-b-01" },
        };
        var reference = PayloadReference.Of("my-bucket", Hello);
        var format = MessageFormats.Get(name);
        var sent = reference.PutInto(written);

        Assert.Null(RowContract.Check(sent));
        var read = MessageFormats.Read(format.Write(sent), format.AttributesOf(sent));
        var found = PayloadReference.Read(read);
        Assert.Equal(reference, found);
        GeneratedEvents.AssertSame(written, found.Resolve(read, Hello));

        // On SQS, too: within ten attributes, of which a dead letter needs three.
        var entry = SqsEntry.Create(0, sent, format, new SqsPublisherOptions { QueueUrl = "http://localhost/0/q" });
        Assert.InRange(entry.Attributes.Count, 2, 7);
    }

    [Theory]
    [InlineData("s3", "")]
    [InlineData("s3", "not json")]
    [InlineData("s3", "[]")]
    [InlineData("s3", "7")]
    [InlineData("s3", "{}")]
    [InlineData("gs", null)]
    [InlineData("", null)]
    [InlineData("s3", """{"bucket":"A_B","key":"payloads/HASH","sha256":"HASH","bytes":5}""")]
    [InlineData("s3", """{"bucket":7,"key":"payloads/HASH","sha256":"HASH","bytes":5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"secrets/HASH","sha256":"HASH","bytes":5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/../x","sha256":"HASH","bytes":5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","sha256":"HASH","bytes":5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/ABC","sha256":"ABC","bytes":5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/HASH","sha256":"HASH","bytes":-1}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/HASH","sha256":"HASH","bytes":1.5}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/HASH","sha256":"HASH","bytes":"5"}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/HASH","sha256":"HASH","bytes":99999999999999999999}""")]
    [InlineData("s3", """{"bucket":"my-bucket","key":"payloads/HASH","sha256":"HASH"}""")]
    public void What_is_no_reference_is_told_by_its_own_code(string header, string? payload)
    {
        var text = (payload ?? PayloadReference.Of("my-bucket", Hello).ToString()).Replace("HASH", Hash, StringComparison.Ordinal);
        var outboxEvent = Sample.Event(payload: text) with { Headers = new Dictionary<string, string> { [PayloadReference.HeaderName] = header } };

        var error = Assert.Throws<MessageFormatException>(() => PayloadReference.Read(outboxEvent));

        Assert.Equal(ErrorCodes.PayloadReferenceInvalid, error.Code);
        Assert.DoesNotContain("my-bucket", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_payload_that_is_no_reference_because_it_is_large_is_not_parsed()
    {
        var large = Sample.Event(payload: "{\"bucket\":\"" + new string('x', 2_000_000) + "\"}") with
        {
            Headers = new Dictionary<string, string> { [PayloadReference.HeaderName] = PayloadReference.HeaderValue },
        };

        Assert.Contains(
            "longer than a reference", Assert.Throws<MessageFormatException>(() => PayloadReference.Read(large)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hell")]
    [InlineData("hello!")]
    [InlineData("jello")]
    [InlineData("")]
    public void What_does_not_have_the_length_and_the_hash_is_not_the_payload(string stored)
    {
        var reference = PayloadReference.Of("my-bucket", Hello);

        var error = Assert.Throws<MessageFormatException>(
            () => reference.Resolve(reference.PutInto(Sample.Event()), Encoding.UTF8.GetBytes(stored)));

        Assert.Equal(ErrorCodes.PayloadCorrupt, error.Code);
    }

    [Fact]
    public void A_length_that_is_not_the_payloads_is_refused_even_with_the_right_hash()
    {
        var reference = PayloadReference.Of("my-bucket", Hello) with { Bytes = 4 };

        Assert.Equal(
            ErrorCodes.PayloadCorrupt,
            Assert.Throws<MessageFormatException>(() => reference.Resolve(reference.PutInto(Sample.Event()), Hello)).Code);
    }

    [Fact]
    public async Task A_payload_above_the_threshold_is_stored_and_one_at_it_is_not()
    {
        var store = new FakePayloadStore();
        var claimCheck = new ClaimCheck(store, thresholdBytes: 10);

        // Bytes count, not characters.
        foreach (var small in new[] { "", "0123456789", "ééééé" })
        {
            var written = Sample.Event(payload: small);
            Assert.Same(written, await claimCheck.CheckInAsync(written, Ct));
        }

        foreach (var large in new[] { "0123456789a", "éééééé", "\U0001F680\U0001F680\U0001F680" })
        {
            var stored = await claimCheck.CheckInAsync(Sample.Event("a", large), Ct);
            var reference = PayloadReference.Read(stored);
            Assert.Equal(large, Encoding.UTF8.GetString(store.Objects[reference.Key]));
            Assert.Equal(Encoding.UTF8.GetByteCount(large), reference.Bytes);

            // The same again is the same event, and another payload is another: rows are compared so.
            Assert.True(stored.SaysTheSameAs(await claimCheck.CheckInAsync(Sample.Event("a", large), Ct)));
            Assert.False(stored.SaysTheSameAs(await claimCheck.CheckInAsync(Sample.Event("a", large + "!"), Ct)));

            // What is a reference already stays one.
            Assert.Same(stored, await claimCheck.CheckInAsync(stored, Ct));
        }
    }

    [Fact]
    public async Task Nothing_is_stored_for_an_event_that_breaks_the_contract()
    {
        var store = new FakePayloadStore();
        var claimCheck = new ClaimCheck(store, thresholdBytes: 10);
        var full = Sample.Event(payload: "0123456789a") with { Headers = Enumerable.Range(0, 64).ToDictionary(i => $"h{i}", _ => "") };

        await Assert.ThrowsAsync<RowContractException>(() => claimCheck.CheckInAsync(Sample.Event(payload: "half a pair \ud800 is no text"), Ct));
        await Assert.ThrowsAsync<RowContractException>(() => claimCheck.CheckInAsync(full, Ct));

        Assert.Empty(store.Objects);
    }
}
