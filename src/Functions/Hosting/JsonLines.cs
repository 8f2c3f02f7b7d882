using System.Buffers;
using System.Text.Json;

namespace Relaybox.Functions.Hosting;

/// <summary>Writes JSON objects, one per line, at once: a frozen or killed process has nothing left in a buffer.</summary>
internal sealed class JsonLines(Stream stream)
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();

    internal static JsonLines StandardOutput { get; } = new(Console.OpenStandardOutput());

    internal void Write<TState>(TState state, Action<Utf8JsonWriter, TState> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            write(writer, state);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        lock (_lock)
        {
            stream.Write(buffer.WrittenSpan);
            stream.Flush();
        }
    }
}
