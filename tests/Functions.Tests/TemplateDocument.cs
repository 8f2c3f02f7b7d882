using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Relaybox.Functions.Tests;

/// <summary>template.yaml as the tests look at it.</summary>
internal sealed class TemplateDocument
{
    private readonly YamlMappingNode _root;

    private TemplateDocument(string path)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(path);
        stream.Load(reader);
        _root = (YamlMappingNode)stream.Documents[0].RootNode;
    }

    public static string Folder { get; } = FindFolder();

    public static TemplateDocument Instance { get; } = new(Path.Combine(Folder, "template.yaml"));

    /// <summary>The logical ids and the bodies of all resources of a type; never none.</summary>
    public IReadOnlyDictionary<string, YamlMappingNode> Resources(string type)
    {
        var found = Section("Resources")
            .Where(entry => Text(Child(entry.Value, "Type")) == type)
            .ToDictionary(entry => entry.Key, entry => (YamlMappingNode)entry.Value);
        Assert.NotEmpty(found);
        return found;
    }

    public IReadOnlyDictionary<string, YamlMappingNode> Functions => Resources("AWS::Serverless::Function");

    public YamlMappingNode Resource(string logicalId) => (YamlMappingNode)Section("Resources")[logicalId];

    public YamlNode? Property(string logicalId, params string[] path) => Child(Resource(logicalId), ["Properties", .. path]);

    public YamlNode? Global(params string[] path) => Child(_root, ["Globals", "Function", .. path]);

    public string Variable(string function, string name) =>
        Text(Property(function, "Environment", "Variables", name) ?? Global("Environment", "Variables", name));

    public IEnumerable<string> Parameters => Section("Parameters").Keys;

    public YamlNode? Parameter(string name, string property) => Child(Section("Parameters")[name], property);

    public int ParameterNumber(string name, string property) => Number(Text(Parameter(name, property)));

    /// <summary>The event sources of a type, with the function that each starts; never none.</summary>
    public IReadOnlyList<(string Function, YamlNode Properties)> Events(string type)
    {
        var found = Functions
            .SelectMany(function => Entries(Child(function.Value, "Properties", "Events"))
                .Where(source => Text(Child(source.Value, "Type")) == type)
                .Select(source => (function.Key, Child(source.Value, "Properties")!)))
            .ToList();
        Assert.NotEmpty(found);
        return found;
    }

    /// <summary>The number that a property has while the parameters have their defaults, but for one.</summary>
    public int Evaluate(YamlNode? node, string parameter = "", string value = "") => Number(Look(node, parameter, value));

    /// <summary>The text that a property has while the parameters have their defaults, but for one; mappings are looked up.</summary>
    public string Look(YamlNode? node, string parameter = "", string value = "") => node switch
    {
        YamlScalarNode { Tag.IsEmpty: false } reference when reference.Tag == "!Ref" =>
            reference.Value == parameter ? value : Text(Parameter(reference.Value!, "Default")),
        YamlSequenceNode { Tag.IsEmpty: false } lookup when lookup.Tag == "!FindInMap" =>
            Text(Child(Section("Mappings")[Text(lookup[0])], Look(lookup[1], parameter, value), Text(lookup[2]))),
        _ => Text(node),
    };

    /// <summary>The text that a property has while the parameters have their defaults.</summary>
    public string Default(YamlNode? node) =>
        node is YamlScalarNode { Tag.IsEmpty: false } reference && reference.Tag == "!Ref"
            ? Text(Parameter(reference.Value!, "Default"))
            : Text(node);

    /// <summary>Every value that a number can have, whatever the conditions are.</summary>
    public IEnumerable<int> Alternatives(YamlNode? node) =>
        node is YamlSequenceNode { Tag.IsEmpty: false } choice && choice.Tag == "!If"
            ? Alternatives(choice[1]).Concat(Alternatives(choice[2]))
            : [Evaluate(node)];

    public static IReadOnlyDictionary<string, YamlNode> Entries(YamlNode? node) =>
        node is YamlMappingNode map ? map.Children.ToDictionary(entry => ((YamlScalarNode)entry.Key).Value!, entry => entry.Value) : [];

    public static YamlNode? Child(YamlNode? node, params string[] path) =>
        path.Aggregate(node, (current, name) => current is null ? null : Entries(current).GetValueOrDefault(name));

    /// <summary>A plain value as it is, a tagged one with its tag: <c>!Ref Queue</c>.</summary>
    public static string Text(YamlNode? node) => node switch
    {
        YamlScalarNode scalar => scalar.Tag.IsEmpty ? scalar.Value ?? "" : $"{scalar.Tag.Value} {scalar.Value}",
        YamlSequenceNode list => $"{(list.Tag.IsEmpty ? "" : list.Tag.Value + " ")}[{string.Join(", ", list.Select(Text))}]",
        YamlMappingNode map => $"{{{string.Join(", ", Entries(map).Select(entry => $"{entry.Key}: {Text(entry.Value)}"))}}}",
        _ => "",
    };

    public static IEnumerable<YamlNode> Items(YamlNode? node) =>
        node is YamlSequenceNode { Tag.IsEmpty: true } list ? list : node is null ? [] : [node];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    internal IReadOnlyDictionary<string, YamlNode> Section(string name) => Entries(Child(_root, name));

    private static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "template.yaml")) && File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds template.yaml.");
    }
}
