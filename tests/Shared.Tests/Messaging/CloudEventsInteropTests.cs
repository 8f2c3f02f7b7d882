using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The CloudEvents project's own library on the other side: it reads what we write, and we read what it writes.</summary>
public class CloudEventsInteropTests
{
    private static readonly DateTimeOffset At = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    private readonly JsonEventFormatter _theirs = new();
    private readonly CloudEventsFormat _ours = new("/orders");

    [Fact]
    public void It_reads_an_event_of_ours()
    {
        var written = Sample.Event("e-1", """{ "n" : 1.50 }""") with
        {
            Headers = new Dictionary<string, string> { ["traceparent"] = "00-1-2-01" }, OrderingKey = "k", EnqueuedAt = At, Result = "[1]",
        };

        var read = _theirs.DecodeStructuredModeMessage(_ours.Write(written), contentType: null, extensionAttributes: null);

        Assert.True(read.IsValid);
        Assert.Equal(("e-1", "orders.placed", "/orders"), (read.Id, read.Type, read.Source!.ToString()));
        Assert.Equal((At, "application/json"), (read.Time, read.DataContentType));
        Assert.Equal(("k", "00-1-2-01", "[1]"), (read["partitionkey"], read["traceparent"], read["relayboxresult"]));
        Assert.Equal("""{ "n" : 1.50 }""", Assert.IsType<JsonElement>(read.Data).GetRawText());
    }

    [Theory]
    [InlineData("text/plain", "no json")]
    [InlineData("image/png", "AAEC/w==")]
    public void It_reads_text_and_bytes_of_ours(string contentType, string payload)
    {
        var written = Sample.Event("e-1", payload) with { Headers = new Dictionary<string, string> { ["content-type"] = contentType } };
        var read = _theirs.DecodeStructuredModeMessage(_ours.Write(written), contentType: null, extensionAttributes: null);
        Assert.Equal(contentType, read.DataContentType);
        Assert.Equal(payload, read.Data is byte[] bytes ? Convert.ToBase64String(bytes) : read.Data);
    }

    [Fact]
    public void We_read_an_event_of_its()
    {
        var theirs = new CloudEvent
        {
            Id = "e-2",
            Type = "orders.placed",
            Source = new Uri("/shop", UriKind.Relative),
            Subject = "o-1",
            Time = At,
            DataContentType = "application/json",
            Data = JsonDocument.Parse("""{"n":1.50}""").RootElement,
        };

        var read = _ours.Read(_theirs.EncodeStructuredModeMessage(theirs, out _), MessageAttributes.None);

        Assert.Equal(("e-2", "orders.placed", """{"n":1.50}"""), (read.EventId, read.Subject, read.Payload));
        Assert.Equal(At, read.EnqueuedAt);
        Assert.Equal(("/shop", "o-1"), (read.Headers["ce-source"], read.Headers["ce-subject"]));
    }
}
