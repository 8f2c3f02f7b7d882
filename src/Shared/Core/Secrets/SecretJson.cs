using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relaybox.Secrets;

/// <summary>Reads secrets that are JSON objects. No error quotes anything of the text.</summary>
internal static class SecretJson
{
    /// <summary>The fields of a secret.</summary>
    /// <returns>Null if the secret is not a JSON object.</returns>
    /// <exception cref="FormatException">A name is there twice, or is no text.</exception>
    internal static JsonObject? Parse(string secret)
    {
        try
        {
            var fields = JsonNode.Parse(secret) as JsonObject;

            // The object looks at its names when it is first asked for one.
            fields?.ContainsKey("");
            return fields;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (ArgumentException)
        {
            throw new FormatException("it holds a name twice");
        }
        catch (InvalidOperationException)
        {
            throw new FormatException("it holds a name with half a character (a lone surrogate)");
        }
    }

    /// <summary>A field's text, or its number as it is written; null if it is neither.</summary>
    /// <exception cref="FormatException">The field is a string that is no text.</exception>
    internal static string? Text(this JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.ToJsonString() : fields.String(name);

    /// <summary>A field's text; null if it is not a string.</summary>
    /// <exception cref="FormatException">The field is a string that is no text.</exception>
    internal static string? String(this JsonObject fields, string name)
    {
        try
        {
            return fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            throw new FormatException($"its '{name}' holds half a character (a lone surrogate)");
        }
    }
}
