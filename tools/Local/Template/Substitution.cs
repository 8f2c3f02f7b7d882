using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Relaybox.Local.Template;

/// <summary><c>!Sub</c>: a text, or a text with a map of its own variables.</summary>
internal static partial class Substitution
{
    public static string Apply(IntrinsicValue call, Evaluator evaluator)
    {
        var (text, variables) = call.Argument switch
        {
            ListValue { Items: [ScalarValue { Text: { } format }, MapValue map] } => (format, map),
            ScalarValue { Text: { } format } => (format, MapValue.Empty),
            _ => throw new TemplateException(call.Line, "!Sub takes a text, or a list of a text and a map."),
        };
        return Variable().Replace(text, match => Resolve(match.Groups[1].Value.Trim(), variables, call.Line, evaluator));
    }

    private static string Resolve(string name, MapValue variables, int line, Evaluator evaluator)
    {
        // ${!Literal} stays as ${Literal}.
        if (name.StartsWith('!'))
        {
            return $"${{{name[1..]}}}";
        }

        if (variables[name] is { } own)
        {
            return evaluator.Text(own, $"${{{name}}}");
        }

        var value = name.Contains('.', StringComparison.Ordinal)
            ? JsonValue.Create(evaluator.Attribute(name, line))
            : evaluator.Reference(name, line);
        return (value as JsonValue)?.GetValue<string>() ?? throw new TemplateException(line, $"${{{name}}} is not a plain value.");
    }

    [GeneratedRegex(@"\$\{([^}]*)\}")]
    private static partial Regex Variable();
}
