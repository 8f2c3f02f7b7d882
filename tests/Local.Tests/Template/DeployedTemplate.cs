using System.Text.Json.Nodes;
using Relaybox.Local.Template;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Template;

/// <summary>template.yaml as CloudFormation takes it with some parameters: what it refuses, and what it creates.</summary>
internal sealed class DeployedTemplate
{
    private readonly MapValue _template;
    private readonly MapValue _resources;
    private readonly Evaluator _evaluator;

    internal DeployedTemplate(params (string Name, string Value)[] parameters)
    {
        _template = TemplateReader.Read(File.ReadAllText(RepositoryRoot.Combine("template.yaml")));
        _resources = _template.Section("Resources");
        _evaluator = new Evaluator(
            _template,
            ParameterValues.Resolve(_template, parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value)),
            new ResourceNames(_resources, "relaybox", new Uri("http://127.0.0.1:1/")));
    }

    /// <summary>What each rule says that does not hold.</summary>
    internal IEnumerable<string> Refusals =>
        from entry in _template.Section("Rules").Entries
        let rule = entry.Value.AsMap(entry.Key)
        where rule["RuleCondition"] is not { } condition || IsTrue(condition)
        from assertion in rule["Assertions"]!.AsList("Assertions").Items
        where !IsTrue(assertion.AsMap("An assertion")["Assert"]!)
        select assertion.AsMap("An assertion")["AssertDescription"]!.AsText("AssertDescription");

    /// <summary>The logical ids of what is created.</summary>
    internal IEnumerable<string> Created =>
        from entry in _resources.Entries
        where entry.Value.AsMap(entry.Key)["Condition"] is not ScalarValue { Text: { } condition } || _evaluator.IsTrue(condition, entry.Value.Line)
        select entry.Key;

    private bool IsTrue(TemplateValue condition) => _evaluator.Evaluate(condition) is JsonValue value && value.GetValue<string>() == "true";
}
