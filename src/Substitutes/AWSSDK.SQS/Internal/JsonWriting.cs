using System.Text.Json;

namespace Amazon.SQS.Internal;

/// <summary>Writes members that are set.</summary>
internal static class JsonWriting
{
    public static void WriteText(this Utf8JsonWriter writer, string name, string value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    public static void WriteInteger(this Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    public static void WriteBinary(this Utf8JsonWriter writer, string name, MemoryStream value)
    {
        if (value is not null)
        {
            writer.WriteString(name, Convert.ToBase64String(value.ToArray()));
        }
    }

    public static void WriteTexts(this Utf8JsonWriter writer, string name, List<string> values)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    public static void WriteTextMap(this Utf8JsonWriter writer, string name, Dictionary<string, string> values)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var (key, value) in values)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    public static void WriteList<T>(
        this Utf8JsonWriter writer, string name, List<T> values, Action<T, Utf8JsonWriter> write)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStartObject();
            write(value, writer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static void WriteMap<T>(
        this Utf8JsonWriter writer, string name, Dictionary<string, T> values, Action<T, Utf8JsonWriter> write)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var (key, value) in values)
        {
            writer.WriteStartObject(key);
            write(value, writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
