namespace Relaybox.Local.Template;

/// <summary>
/// Puts plain values in place of those that a template's resources have. A path names the resource and then the way through
/// its properties, separated by dots: <c>Queue.RedrivePolicy.maxReceiveCount</c>.
/// </summary>
internal static class PropertyOverrides
{
    /// <exception cref="RunnerException">The template has no value at a path.</exception>
    public static MapValue Apply(MapValue resources, IReadOnlyDictionary<string, string> overrides)
    {
        foreach (var (path, text) in overrides)
        {
            var names = path.Split('.');
            resources = (MapValue)Replace(resources, [names[0], "Properties", .. names[1..]], path, text);
        }

        return resources;
    }

    private static TemplateValue Replace(TemplateValue? value, string[] names, string path, string text)
    {
        if (names.Length == 0 && value is not null)
        {
            return new ScalarValue(value.Line, text);
        }

        if (names.Length == 0 || value is not MapValue map)
        {
            throw new RunnerException(
                $"{path}: the template has no such property. Give the resource and the names of its properties, separated by dots.");
        }

        return map with
        {
            Entries = new Dictionary<string, TemplateValue>(map.Entries) { [names[0]] = Replace(map[names[0]], names[1..], path, text) },
        };
    }
}
