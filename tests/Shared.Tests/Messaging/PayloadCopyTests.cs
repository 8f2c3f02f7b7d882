using System.Text;
using System.Text.Json.Serialization;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>
/// How much memory a large payload takes on its way, beside the text that came from the store. A text has two bytes for each of the
/// payload's, which is ASCII. What fails here has one more copy of the payload than before.
/// </summary>
public partial class PayloadCopyTests
{
    private const int PayloadBytes = 1_000_000;
    private const double NoCopy = 0.1;
    private const double OneText = 2.1;

    // Others may take what the pool has kept, or a collection may empty it; not each time.
    private const int Tries = 50;

    private static readonly string Json = $$"""{"note":"{{new string('x', PayloadBytes - 11)}}"}""";
    private static readonly string Text = string.Concat(Enumerable.Repeat("a \"quoted\" word\n", PayloadBytes / 16));

    public static TheoryData<string> Formats { get; } = [.. MessageFormats.Names];

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_body_is_written_without_a_copy_of_the_payload(string format)
    {
        AssertAllocates(NoCopy, () => Write(Json));
        AssertAllocates(NoCopy, () => Write(Text));

        void Write(string payload)
        {
            using var output = new PooledBuffer();
            MessageFormats.Get(format).Write(Sample.Event(payload: payload), output);
        }
    }

    [Fact]
    public void Base64_is_written_without_a_copy_of_the_payload()
    {
        var written = Sample.Event(payload: Convert.ToBase64String(new byte[PayloadBytes / 4 * 3])) with
        {
            Headers = new Dictionary<string, string> { ["content-type"] = "image/png" },
        };
        AssertAllocates(NoCopy, () =>
        {
            using var output = new PooledBuffer();
            MessageFormats.Get(CloudEventsFormat.FormatName).Write(written, output);
        });
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_message_of_a_queue_is_one_more_text(string format)
    {
        var options = new SqsPublisherOptions { QueueUrl = "" };
        var written = Sample.Event(payload: Json);
        AssertAllocates(OneText, () => SqsEntry.Create(0, written, MessageFormats.Get(format), options));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_body_is_read_as_one_text(string name)
    {
        var format = MessageFormats.Get(name);
        foreach (var payload in new[] { Json, Text })
        {
            var written = Sample.Event(payload: payload);
            var body = format.Write(written);
            var attributes = format.AttributesOf(written);
            AssertAllocates(OneText, () => MessageFormats.Read(body, attributes));
        }
    }

    [Fact]
    public void A_message_of_a_queue_is_read_as_one_text()
    {
        var body = Encoding.UTF8.GetString(new EnvelopeFormat().Write(Sample.Event(payload: Json)).Span);
        var reader = new SqsReader();
        AssertAllocates(OneText, () => reader.Read(body, _ => null, _ => null));
    }

    [Fact]
    public void A_payload_is_hashed_without_a_copy() => AssertAllocates(NoCopy, () => _ = Sample.Message("e-1", Json).PayloadHash);

    [Fact]
    public void A_payload_is_deserialized_without_a_copy()
    {
        var handler = Assert.Single(
            new HandlerRegistry("test").Add("orders.>", new SmallHandler(), SmallJson.Default.Small).Find("orders.placed"));
        var message = Sample.Event(payload: Json);
        AssertAllocates(NoCopy, () => Assert.True(handler.InvokeAsync(message, null!, CancellationToken.None).IsCompletedSuccessfully));
    }

    private static void AssertAllocates(double most, Action work)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Tries && least > most * PayloadBytes; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(least <= most * PayloadBytes, $"{least:N0} bytes for a payload of {PayloadBytes:N0}, which is more than {most} times as many.");
    }

    private sealed class SmallHandler : IMessageHandler<Small>
    {
        public Task HandleAsync(Small message, MessageContext context, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    internal sealed record Small(int Count);

    [JsonSerializable(typeof(Small))]
    private sealed partial class SmallJson : JsonSerializerContext;
}
