using System.Text.Json.Nodes;
using Relaybox.Local.Template;

namespace Relaybox.Local.Permissions;

/// <summary>Reads what the role of a function allows, by its own policies and by the managed ones of the template.</summary>
internal sealed class RoleReader
{
    private readonly MapValue _resources;
    private readonly Evaluator _evaluator;
    private readonly Dictionary<string, MapValue> _managed;

    public RoleReader(MapValue resources, Evaluator evaluator)
    {
        _resources = resources;
        _evaluator = evaluator;
        _managed = (
            from entry in resources.Entries
            let resource = entry.Value.AsMap(entry.Key)
            where resource["Type"]?.AsText("Type") == "AWS::IAM::ManagedPolicy"
            select (Name: evaluator.Reference(entry.Key, resource.Line)!.GetValue<string>(), resource))
            .ToDictionary(policy => policy.Name, policy => policy.resource);
    }

    /// <returns>Null where the function has no role of the template.</returns>
    /// <exception cref="TemplateException">A statement is of another form than those of this project.</exception>
    public IReadOnlyList<Permission>? Read(MapValue function)
    {
        if (function.Section("Properties")["Role"] is not IntrinsicValue { Name: "GetAtt" } role)
        {
            return null;
        }

        var name = role.Argument.AsText("Role").Split('.')[0];
        var properties = (_resources[name] ?? throw new TemplateException(role.Line, $"There is no role {name}.")).AsMap(name).Section("Properties");
        var documents = (_evaluator.Evaluate(properties["Policies"]) as JsonArray ?? [])
            .Select(policy => policy!.AsObject().Map("PolicyDocument"))
            .Concat((_evaluator.Evaluate(properties["ManagedPolicyArns"]) as JsonArray ?? [])
                .Select(policy => Document(_managed[policy!.GetValue<string>()])));
        return [
            .. documents.SelectMany(document => document.List("Statement"))
                .SelectMany(statement => Read(statement!.AsObject(), role.Line))
                .Distinct(),
        ];
    }

    private JsonObject Document(MapValue policy) =>
        _evaluator.Evaluate(policy.Section("Properties")["PolicyDocument"]) as JsonObject ?? [];

    private static IEnumerable<Permission> Read(JsonObject statement, int line) =>
        statement.Text("Effect") != "Allow"
            ? throw new TemplateException(line, "A role's statement must allow something.")
            : from action in Texts(statement["Action"])
              from resource in Texts(statement["Resource"])
              select new Permission(action, resource);

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonArray list => list.Select(item => item!.GetValue<string>()),
        JsonValue value => [value.GetValue<string>()],
        _ => [],
    };
}
