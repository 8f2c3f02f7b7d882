using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Relaybox.Local.Template;

/// <summary>Reads YAML (and so JSON) into template values; long and short forms of the intrinsics come out alike.</summary>
internal static class TemplateReader
{
    private const string LongFormPrefix = "Fn::";

    /// <exception cref="TemplateException">The text is not a YAML map.</exception>
    public static MapValue Read(string yaml)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException exception)
        {
            throw new TemplateException((int)exception.Start.Line, exception.Message);
        }

        return stream.Documents.Count == 0
            ? throw new TemplateException(1, "The template is empty.")
            : Convert(stream.Documents[0].RootNode).AsMap("The template");
    }

    private static TemplateValue Convert(YamlNode node)
    {
        var line = (int)node.Start.Line;
        TemplateValue value = node switch
        {
            YamlScalarNode scalar => new ScalarValue(line, IsNull(scalar) ? null : scalar.Value),
            YamlSequenceNode sequence => new ListValue(line, [.. sequence.Children.Select(Convert)]),
            YamlMappingNode mapping => ConvertMap(mapping, line),
            _ => throw new TemplateException(line, "Aliases are not supported."),
        };
        return !node.Tag.IsEmpty && node.Tag.Value is ['!', not '!', ..] tag && tag.Length > 1
            ? new IntrinsicValue(line, tag[1..], value)
            : value;
    }

    private static TemplateValue ConvertMap(YamlMappingNode mapping, int line)
    {
        if (mapping.Children.Count == 1 && mapping.Children[0].Key is YamlScalarNode { Value: { } name })
        {
            if (name.StartsWith(LongFormPrefix, StringComparison.Ordinal))
            {
                return new IntrinsicValue(line, name[LongFormPrefix.Length..], Convert(mapping.Children[0].Value));
            }

            // "Condition: X" alone may also be a statement's attribute; as a value it only ever means the intrinsic.
            if (name is "Ref" || (name is "Condition" && mapping.Children[0].Value is YamlScalarNode))
            {
                return new IntrinsicValue(line, name, Convert(mapping.Children[0].Value));
            }
        }

        var entries = new Dictionary<string, TemplateValue>();
        foreach (var (key, value) in mapping.Children)
        {
            entries[Convert(key).AsText("A key")] = Convert(value);
        }

        return new MapValue(line, entries);
    }

    private static bool IsNull(YamlScalarNode scalar) =>
        scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null" or "Null" or "NULL"
        && scalar.Tag.IsEmpty;
}
