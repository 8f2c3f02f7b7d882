using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
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

    /// <summary>What refers to nothing, of what is created, of the outputs and of what all functions have.</summary>
    internal IEnumerable<string> Dangling
    {
        get
        {
            var created = Created.ToHashSet();
            var outputs = from entry in _template.Section("Outputs").Entries
                          where entry.Value.AsMap(entry.Key)["Condition"] is not ScalarValue { Text: { } condition }
                              || _evaluator.IsTrue(condition, entry.Value.Line)
                          select entry.Value;
            return created.Select(name => _resources[name]!).Concat(outputs).Append(_template.Section("Globals"))
                .SelectMany(References)
                .Where(reference => !IsThere(reference.Name))
                .Select(reference => $"{reference.Name} (line {reference.Line})");

            bool IsThere(string name) =>
                name.StartsWith("AWS::", StringComparison.Ordinal) || created.Contains(name) || _template.Section("Parameters")[name] is not null;
        }
    }

    // Of a choice, what its condition takes. A condition that is not there is an error of the evaluator.
    private IEnumerable<(string Name, int Line)> References(TemplateValue? value) => value switch
    {
        MapValue map => map.Entries.Values.SelectMany(References),
        ListValue list => list.Items.SelectMany(References),
        IntrinsicValue { Name: "If", Argument: ListValue { Items: [ScalarValue { Text: { } condition }, var yes, var no] } } choice =>
            References(_evaluator.IsTrue(condition, choice.Line) ? yes : no),
        IntrinsicValue { Name: "Ref" } reference => [(reference.Argument.AsText("!Ref"), reference.Line)],
        IntrinsicValue { Name: "GetAtt" } attribute => [(attribute.Argument.AsText("!GetAtt").Split('.')[0], attribute.Line)],
        IntrinsicValue { Name: "Sub", Argument: ScalarValue { Text: { } text } } sub => Names(text).Select(name => (name, sub.Line)),
        IntrinsicValue { Name: "Sub", Argument: ListValue { Items: [ScalarValue { Text: { } text }, MapValue own] } } sub =>
            Names(text).Where(name => own[name] is null).Select(name => (name, sub.Line)).Concat(References(own)),
        IntrinsicValue other => References(other.Argument),
        _ => [],
    };

    private static IEnumerable<string> Names(string text) =>
        Regex.Matches(text, @"\$\{(?<name>[A-Za-z0-9:]+)(\.\w+)?\}").Select(match => match.Groups["name"].Value);

    private bool IsTrue(TemplateValue condition) => _evaluator.Evaluate(condition) is JsonValue value && value.GetValue<string>() == "true";
}
