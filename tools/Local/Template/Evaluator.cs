using System.Text.Json.Nodes;

namespace Relaybox.Local.Template;

/// <summary>
/// Evaluates template values to JSON in which every plain value is a string, as CloudFormation treats them.
/// <c>AWS::NoValue</c> removes the entry that holds it.
/// </summary>
internal sealed class Evaluator(MapValue template, IReadOnlyDictionary<string, JsonNode> parameters, ResourceNames names)
{
    private const int DeepestNesting = 64;
    private readonly MapValue _conditions = template.Section("Conditions");
    private readonly MapValue _mappings = template.Section("Mappings");
    private int _depth;

    /// <returns>Null for no value.</returns>
    /// <exception cref="TemplateException">An intrinsic is unknown or its argument is not of its form.</exception>
    public JsonNode? Evaluate(TemplateValue? value) => Nested(value?.Line ?? 0, () => value switch
    {
        null => null,
        ScalarValue scalar => scalar.Text is null ? null : JsonValue.Create(scalar.Text),
        ListValue list => EvaluateList(list),
        MapValue map => EvaluateMap(map),
        IntrinsicValue intrinsic => EvaluateIntrinsic(intrinsic),
        _ => throw new InvalidOperationException(),
    });

    public bool IsTrue(string condition, int line)
    {
        var definition = _conditions[condition] ?? throw new TemplateException(line, $"There is no condition {condition}.");
        return Nested(line, () => EvaluateCondition(definition));
    }

    /// <summary>What <c>!Ref</c> gives.</summary>
    public JsonNode? Reference(string name, int line)
    {
        if (name == "AWS::NoValue")
        {
            return null;
        }

        return parameters.GetValueOrDefault(name)?.DeepClone()
            ?? names.Pseudo(name)
            ?? names.Reference(name, this)
            ?? throw new TemplateException(line, $"!Ref {name}: no parameter or resource has that name.");
    }

    /// <summary>What <c>!GetAtt</c> gives.</summary>
    public string Attribute(string path, int line)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1)
        {
            throw new TemplateException(line, $"!GetAtt {path}: expected Resource.Attribute.");
        }

        return names.Attribute(path[..dot], path[(dot + 1)..], this)
            ?? throw new TemplateException(line, $"!GetAtt {path}: no such resource, or no such attribute of its type here.");
    }

    public string Text(TemplateValue value, string what) =>
        (Evaluate(value) as JsonValue)?.GetValue<string>() ?? throw new TemplateException(value.Line, $"{what} must be a plain value.");

    private T Nested<T>(int line, Func<T> evaluate)
    {
        if (++_depth > DeepestNesting)
        {
            throw new TemplateException(line, "The value refers to itself.");
        }

        try
        {
            return evaluate();
        }
        finally
        {
            _depth--;
        }
    }

    private JsonArray EvaluateList(ListValue list)
    {
        var array = new JsonArray();
        foreach (var item in list.Items)
        {
            if (Evaluate(item) is { } node)
            {
                array.Add(node);
            }
        }

        return array;
    }

    private JsonObject EvaluateMap(MapValue map)
    {
        var result = new JsonObject();
        foreach (var (name, item) in map.Entries)
        {
            if (Evaluate(item) is { } node)
            {
                result[name] = node;
            }
        }

        return result;
    }

    private JsonNode? EvaluateIntrinsic(IntrinsicValue call) => call.Name switch
    {
        "Ref" => Reference(call.Argument.AsText("!Ref"), call.Line),
        "GetAtt" => Attribute(
            call.Argument is ListValue parts ? string.Join('.', parts.Items.Select(part => Text(part, "!GetAtt"))) : call.Argument.AsText("!GetAtt"),
            call.Line),
        "Sub" => Substitution.Apply(call, this),
        "Join" => Join(call),
        "Select" => Select(call),
        "Split" =>
            new JsonArray([.. Text(Argument(call, 1, 2), "!Split").Split(Text(Argument(call, 0, 2), "!Split")).Select(part => (JsonNode)part)]),
        "FindInMap" => FindInMap(call),
        "Base64" => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Text(call.Argument, "!Base64"))),
        "If" => Evaluate(Argument(call, IsTrue(Text(Argument(call, 0, 3), "!If"), call.Line) ? 1 : 2, 3)),
        "Equals" or "EachMemberEquals" or "And" or "Or" or "Not" or "Condition" => EvaluateCondition(call) ? "true" : "false",
        _ => throw new TemplateException(call.Line, $"!{call.Name} is not supported by the local runner."),
    };

    private bool EvaluateCondition(TemplateValue value) => value switch
    {
        IntrinsicValue { Name: "Equals" } call => JsonNode.DeepEquals(Evaluate(Argument(call, 0, 2)), Evaluate(Argument(call, 1, 2))),
        IntrinsicValue { Name: "EachMemberEquals" } call => EachMemberEquals(call),
        IntrinsicValue { Name: "And" } call => call.Argument.AsList("!And").Items.All(EvaluateCondition),
        IntrinsicValue { Name: "Or" } call => call.Argument.AsList("!Or").Items.Any(EvaluateCondition),
        IntrinsicValue { Name: "Not" } call => !EvaluateCondition(Argument(call, 0, 1)),
        IntrinsicValue { Name: "Condition" } call => IsTrue(call.Argument.AsText("!Condition"), call.Line),
        _ => throw new TemplateException(value.Line, "A condition is made of !Equals, !And, !Or, !Not and !Condition."),
    };

    private bool EachMemberEquals(IntrinsicValue call)
    {
        var members = Evaluate(Argument(call, 0, 2)) as JsonArray ?? throw new TemplateException(call.Line, "!EachMemberEquals needs a list.");
        var wanted = Evaluate(Argument(call, 1, 2));
        return members.All(member => JsonNode.DeepEquals(member, wanted));
    }

    private string Join(IntrinsicValue call)
    {
        var parts = Evaluate(Argument(call, 1, 2)) as JsonArray ?? throw new TemplateException(call.Line, "!Join needs a list.");
        return string.Join(Text(Argument(call, 0, 2), "!Join"), parts.Select(part => part!.GetValue<string>()));
    }

    private JsonNode Select(IntrinsicValue call)
    {
        var items = Evaluate(Argument(call, 1, 2)) as JsonArray ?? throw new TemplateException(call.Line, "!Select needs a list.");
        var index = int.TryParse(Text(Argument(call, 0, 2), "!Select"), out var number) ? number : -1;
        return index >= 0 && index < items.Count
            ? items[index]!.DeepClone()
            : throw new TemplateException(call.Line, $"!Select: the list has no element {index}.");
    }

    private JsonNode? FindInMap(IntrinsicValue call)
    {
        var (map, first, second) = (
            Text(Argument(call, 0, 3), "!FindInMap"), Text(Argument(call, 1, 3), "!FindInMap"), Text(Argument(call, 2, 3), "!FindInMap"));
        return Evaluate((_mappings[map]?.AsMap(map)[first]?.AsMap(first))?[second]
            ?? throw new TemplateException(call.Line, $"!FindInMap: there is no {map}.{first}.{second}."));
    }

    private static TemplateValue Argument(IntrinsicValue call, int index, int count)
    {
        var arguments = call.Argument.AsList($"!{call.Name}'s argument").Items;
        return arguments.Count == count
            ? arguments[index]
            : throw new TemplateException(call.Line, $"!{call.Name} takes {count} arguments, not {arguments.Count}.");
    }
}
