using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>
/// Which events a handler has emitted. It is written into the record of its message as the text
/// <c>{"count":23,"ids":["…"]}</c>, in the transaction that marks the message; a record of a handler that emitted nothing has no such text.
/// </summary>
/// <param name="Count">How many events there are.</param>
/// <param name="EventIds">Their ids, in the order in which the handler emitted them; no more than <see cref="MostIds"/>.</param>
internal sealed record EmittedEvents(int Count, IReadOnlyList<string> EventIds)
{
    /// <summary>The most ids that a record keeps.</summary>
    internal const int MostIds = 20;

    private const string CountName = "count";
    private const string IdsName = "ids";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What a record keeps of a handler's events; null if there are none.</summary>
    /// <param name="events">The events that the handler has emitted.</param>
    internal static string? ToText(IReadOnlyList<OutboxEvent> events)
    {
        if (events.Count == 0)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteNumber(CountName, events.Count);
            writer.WriteStartArray(IdsName);
            foreach (var outboxEvent in events.Take(MostIds))
            {
                writer.WriteStringValue(outboxEvent.EventId);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what a record keeps.</summary>
    /// <param name="text">The record's text, or null.</param>
    /// <returns>The events, or null where the record names none, or its text was not written by <see cref="ToText"/>.</returns>
    internal static EmittedEvents? Read(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            var ids = document.RootElement.GetProperty(IdsName).EnumerateArray().Select(id => id.GetString()!).ToArray();
            return new EmittedEvents(document.RootElement.GetProperty(CountName).GetInt32(), ids);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
