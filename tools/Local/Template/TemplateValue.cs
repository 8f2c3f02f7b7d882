namespace Relaybox.Local.Template;

/// <summary>A value of the template before evaluation, with the line it came from.</summary>
internal abstract record TemplateValue(int Line)
{
    public MapValue AsMap(string what) =>
        this as MapValue ?? throw new TemplateException(Line, $"{what} must be a map.");

    public ListValue AsList(string what) =>
        this as ListValue ?? throw new TemplateException(Line, $"{what} must be a list.");

    public string AsText(string what) =>
        this is ScalarValue { Text: { } text } ? text : throw new TemplateException(Line, $"{what} must be a plain value.");
}

/// <summary>A plain value; null when the document leaves it empty.</summary>
internal sealed record ScalarValue(int Line, string? Text) : TemplateValue(Line);

internal sealed record ListValue(int Line, IReadOnlyList<TemplateValue> Items) : TemplateValue(Line);

internal sealed record MapValue(int Line, IReadOnlyDictionary<string, TemplateValue> Entries) : TemplateValue(Line)
{
    public static MapValue Empty { get; } = new(0, new Dictionary<string, TemplateValue>());

    public TemplateValue? this[string name] => Entries.GetValueOrDefault(name);

    public MapValue Section(string name) => this[name]?.AsMap(name) ?? Empty;
}

/// <summary>A function of the template language, by its short name: <c>!Sub</c> and <c>Fn::Sub</c> are both Sub.</summary>
internal sealed record IntrinsicValue(int Line, string Name, TemplateValue Argument) : TemplateValue(Line);
