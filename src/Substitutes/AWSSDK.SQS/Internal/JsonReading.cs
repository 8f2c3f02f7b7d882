using System.Text.Json;

namespace Amazon.SQS.Internal;

/// <summary>Reads members that may be absent: absent ones are null.</summary>
internal static class JsonReading
{
    public static string Text(this JsonElement json, string name) => json.Find(name)?.GetString();

    public static bool? Boolean(this JsonElement json, string name) => json.Find(name)?.GetBoolean();

    public static MemoryStream Binary(this JsonElement json, string name) =>
        json.Find(name) is { } value ? new MemoryStream(value.GetBytesFromBase64()) : null;

    public static List<T> List<T>(this JsonElement json, string name, Func<JsonElement, T> read)
    {
        if (json.Find(name) is not { } array)
        {
            return null;
        }

        var list = new List<T>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            list.Add(read(item));
        }

        return list;
    }

    public static Dictionary<string, T> Map<T>(this JsonElement json, string name, Func<JsonElement, T> read) =>
        json.Find(name)?.EnumerateObject().ToDictionary(property => property.Name, property => read(property.Value));

    private static JsonElement? Find(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
}
