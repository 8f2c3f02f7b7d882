using Relaybox.Settings;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What a deployer may choose, the functions must take.</summary>
public class TemplateSettingsTests
{
    private static readonly string[] RequiredByRules = ["DatabaseSecretArn", "NatsUrl"];

    // What the template's rules refuse with a store.
    private static readonly Dictionary<string, (string Parameter, string Value)[]> Lacking = new()
    {
        ["mongodb"] = [("RelayMode", "locked"), ("AfterSending", "archive"), ("DatabasePooler", "true")],
        ["mysql"] = [("AfterSending", "archive"), ("DatabasePooler", "true")],
        ["redis"] = [("RelayMode", "locked"), ("AfterSending", "archive"), ("DatabasePooler", "true")],
    };

    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string, string, string, string> Choices
    {
        get
        {
            var choices = new TheoryData<string, string, string, string>();
            foreach (var (variable, parameter) in Variables())
            {
                string[] edges = ["Default", "MinValue", "MaxValue"];
                var values = edges.Select(edge => Template.Parameter(parameter, edge)).OfType<YamlDotNet.RepresentationModel.YamlNode>()
                    .Concat(Items(Template.Parameter(parameter, "AllowedValues")))
                    .Select(Text)
                    .Distinct()
                    .Where(value => value.Length > 0 || !RequiredByRules.Contains(parameter));
                string[] stores = parameter.StartsWith("Database", StringComparison.Ordinal)
                    || parameter is "AfterSending" or "SweepListenSeconds" or "RelayMode"
                    ? ["postgres", "mongodb", "mysql", "redis"]
                    : parameter.StartsWith("Redis", StringComparison.Ordinal) ? ["redis"]
                    : ["dynamodb"];
                foreach (var (value, store) in from value in values from store in stores select (value, store))
                {
                    if (!Lacking.GetValueOrDefault(store, []).Contains((parameter, value)))
                    {
                        choices.Add(variable, parameter, value, store);
                    }
                }
            }

            return choices;
        }
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void The_functions_take_every_value_that_the_template_allows(string variable, string parameter, string value, string store)
    {
        var set = new Dictionary<string, string>
        {
            ["STORE"] = store,
            ["BROKER"] = parameter.StartsWith("Nats", StringComparison.Ordinal) ? "nats" : "sqs",
            [variable] = value,
        };

        var error = Record.Exception(() => DeployedSettings.With([.. set.Select(item => (item.Key, item.Value))]));
        Assert.True(error is null, $"{parameter} = {value}, {store}: {error?.Message}");
    }

    [Theory]
    [InlineData("mongodb", "MongoDbLacks")]
    [InlineData("mysql", "MySqlLacks")]
    [InlineData("redis", "RedisLacks")]
    public void What_a_store_lacks_the_template_refuses(string store, string name)
    {
        var rule = Template.Section("Rules")[name];
        Assert.Equal($"!Equals [!Ref Store, {store}]", Text(Child(rule, "RuleCondition")!));
        Assert.Equal(
            Lacking[store].Select(lacking => lacking.Parameter switch
            {
                "RelayMode" => "!Equals [!Ref RelayMode, lease]",
                "AfterSending" => "!Not [!Equals [!Ref AfterSending, archive]]",
                _ => "!Equals [!Ref DatabasePooler, false]",
            }),
            Items(Child(rule, "Assertions")).Select(assertion => Text(Child(assertion, "Assert")!)));

        // Whether there is a pooler such a store does not ask.
        Assert.All(
            Lacking[store].Where(lacking => lacking.Parameter != "DatabasePooler"),
            lacking => Assert.Throws<SettingsException>(() => DeployedSettings.With(
                ("STORE", store), (lacking.Parameter == "RelayMode" ? "RELAY_MODE" : "AFTER_SENDING", lacking.Value))));
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
        DeployedSettings.With(("STORE", "mongodb"), ("DATABASE_SCHEMA", schema), ("DATABASE_ROLE_PREFIX", schema));
        DeployedSettings.With(("STORE", "mysql"), ("DATABASE_SCHEMA", schema), ("DATABASE_ROLE_PREFIX", schema));
        DeployedSettings.With(("STORE", "redis"), ("REDIS_KEY_PREFIX", schema));
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
