using System.Globalization;
using System.Text.Json.Nodes;

namespace Relaybox.Local.Template;

/// <summary>Reads evaluated properties, whose plain values are all strings.</summary>
internal static class JsonProperties
{
    public static string? Text(this JsonObject map, string name) => (map[name] as JsonValue)?.GetValue<string>();

    public static string RequiredText(this JsonObject map, string name, int line) =>
        map.Text(name) ?? throw new TemplateException(line, $"{name} is missing.");

    public static int Number(this JsonObject map, string name, int defaultValue, int line)
    {
        var text = map.Text(name);
        if (text is null)
        {
            return defaultValue;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new TemplateException(line, $"{name} must be a whole number, not '{text}'.");
    }

    public static bool Flag(this JsonObject map, string name, bool defaultValue, int line) => map.Text(name) switch
    {
        null => defaultValue,
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        var other => throw new TemplateException(line, $"{name} must be true or false, not '{other}'."),
    };

    public static JsonObject Map(this JsonObject map, string name) => map[name] as JsonObject ?? [];

    public static JsonArray List(this JsonObject map, string name) => map[name] as JsonArray ?? [];

    public static IEnumerable<string> Texts(this JsonObject map, string name) =>
        map.List(name).OfType<JsonValue>().Select(value => value.GetValue<string>());
}
