using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What a deployer may choose, the functions must take.</summary>
public class TemplateSettingsTests
{
    private static readonly string[] RequiredByRules = ["DatabaseSecretArn", "NatsUrl"];

    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string, string, string> Choices
    {
        get
        {
            var choices = new TheoryData<string, string, string>();
            foreach (var (variable, parameter) in Variables())
            {
                string[] edges = ["Default", "MinValue", "MaxValue"];
                var values = edges.Select(edge => Template.Parameter(parameter, edge)).OfType<YamlDotNet.RepresentationModel.YamlNode>()
                    .Concat(Items(Template.Parameter(parameter, "AllowedValues")))
                    .Select(Text)
                    .Distinct()
                    .Where(value => value.Length > 0 || !RequiredByRules.Contains(parameter));
                foreach (var value in values)
                {
                    choices.Add(variable, parameter, value);
                }
            }

            return choices;
        }
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void The_functions_take_every_value_that_the_template_allows(string variable, string parameter, string value)
    {
        var set = new Dictionary<string, string>
        {
            ["STORE"] = parameter.StartsWith("Database", StringComparison.Ordinal)
                || parameter is "AfterSending" or "SweepListenSeconds" or "RelayMode"
                ? "postgres"
                : "dynamodb",
            ["BROKER"] = parameter.StartsWith("Nats", StringComparison.Ordinal) ? "nats" : "sqs",
            [variable] = value,
        };

        var error = Record.Exception(() => DeployedSettings.With([.. set.Select(item => (item.Key, item.Value))]));
        Assert.True(error is null, $"{parameter} = {value}: {error?.Message}");
    }

    [Fact]
    public void The_longest_schema_that_the_template_allows_makes_names_of_roles()
    {
        var schema = new string('s', 54);
        var pattern = $"^(?:{Text(Template.Parameter("DatabaseSchema", "AllowedPattern"))})$";

        Assert.Matches(pattern, schema);
        Assert.DoesNotMatch(pattern, schema + "s");
        Assert.Equal("!If [OnDatabase, !Ref DatabaseSchema, !Ref AWS::NoValue]", Template.Variable("SetupFunction", "DATABASE_ROLE_PREFIX"));
        DeployedSettings.With(("STORE", "postgres"), ("DATABASE_SCHEMA", schema), ("DATABASE_ROLE_PREFIX", schema));
    }

    [Fact]
    public void What_the_functions_cannot_do_without_the_template_demands()
    {
        var assertions = Template.Section("Rules").Values.SelectMany(rule => Items(Child(rule, "Assertions"))).Select(Text).ToList();
        Assert.All(
            RequiredByRules,
            parameter => Assert.Contains(assertions, text => text.Contains($"!Not [!Equals [!Ref {parameter}, ]]", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_template_sets_variables_by_parameters() => Assert.InRange(Variables().Count(), 30, 100);

    // Variables that are exactly one parameter, or one or none, of all functions.
    private static IEnumerable<(string Variable, string Parameter)> Variables() =>
        Template.Functions.Keys
            .SelectMany(function => Entries(Template.Property(function, "Environment", "Variables")))
            .Concat(Entries(Template.Global("Environment", "Variables")))
            .Select(entry => (entry.Key, DeployedSettings.ParameterOf(Text(entry.Value))))
            .Where(entry => Template.Parameters.Contains(entry.Item2))
            .Distinct();
}
