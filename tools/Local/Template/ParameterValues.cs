using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Relaybox.Local.Template;

/// <summary>The template's parameters: defaults, overridden from the command line, checked against their allowed values.</summary>
internal static class ParameterValues
{
    /// <exception cref="RunnerException">An override names no parameter.</exception>
    /// <exception cref="TemplateException">A parameter has no value, or one that is not allowed.</exception>
    public static IReadOnlyDictionary<string, JsonNode> Resolve(MapValue template, IReadOnlyDictionary<string, string> overrides)
    {
        var declared = template.Section("Parameters");
        foreach (var name in overrides.Keys.Where(name => declared[name] is null))
        {
            throw new RunnerException(
                $"--parameter: the template lacks a parameter that is given. It has: {string.Join(", ", declared.Entries.Keys)}.");
        }

        var values = new Dictionary<string, JsonNode>();
        foreach (var (name, value) in declared.Entries)
        {
            var definition = value.AsMap(name);
            var text = overrides.GetValueOrDefault(name) ?? (definition["Default"] is { } given ? (given as ScalarValue)?.Text ?? "" : null)
                ?? throw new TemplateException(definition.Line, $"Parameter {name} has no default. Pass --parameter {name}=VALUE.");
            Check(name, text, definition);
            values[name] = IsList(definition) ? new JsonArray([.. text.Split(',').Select(part => (JsonNode)part.Trim())]) : JsonValue.Create(text);
        }

        return values;
    }

    private static void Check(string name, string text, MapValue definition)
    {
        var allowed = definition["AllowedValues"]?.AsList("AllowedValues").Items.Select(item => item.AsText("An allowed value")).ToArray();
        if (allowed is not null && !allowed.Contains(text))
        {
            throw new TemplateException(definition.Line, $"Parameter {name} is none of its values; allowed are {string.Join(", ", allowed)}.");
        }

        if (definition["AllowedPattern"] is ScalarValue { Text: { } pattern } && !Regex.IsMatch(text, $"^(?:{pattern})$"))
        {
            var why = (definition["ConstraintDescription"] as ScalarValue)?.Text ?? $"it must match {pattern}";
            throw new TemplateException(definition.Line, $"Parameter {name} is not of its form; {why}");
        }

        if (definition["Type"]?.AsText("Type") == "Number")
        {
            CheckNumber(name, text, definition);
        }
    }

    private static void CheckNumber(string name, string text, MapValue definition)
    {
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            throw new TemplateException(definition.Line, $"Parameter {name} must be a number.");
        }

        if (Limit("MinValue") is { } least && number < least)
        {
            throw new TemplateException(definition.Line, $"Parameter {name} is {text}; the least value is {least}.");
        }

        if (Limit("MaxValue") is { } most && number > most)
        {
            throw new TemplateException(definition.Line, $"Parameter {name} is {text}; the largest value is {most}.");
        }

        decimal? Limit(string limit) =>
            definition[limit] is ScalarValue { Text: { } value } ? decimal.Parse(value, CultureInfo.InvariantCulture) : null;
    }

    private static bool IsList(MapValue definition)
    {
        var type = definition["Type"]?.AsText("Type") ?? "String";
        return type == "CommaDelimitedList" || type.StartsWith("List<", StringComparison.Ordinal);
    }
}
