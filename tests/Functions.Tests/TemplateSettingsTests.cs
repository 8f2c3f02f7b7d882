using System.Text.RegularExpressions;
using Relaybox.Functions.Hosting;
using Relaybox.Settings;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What a deployer may choose, the functions must take.</summary>
public partial class TemplateSettingsTests
{
    private const FunctionNeeds Everything =
        FunctionNeeds.Publisher | FunctionNeeds.Inbox | FunctionNeeds.Jobs | FunctionNeeds.Consumer | FunctionNeeds.Setup;

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
        var settings = new Dictionary<string, string>
        {
            ["STORE"] = parameter.StartsWith("Database", StringComparison.Ordinal) || parameter is "AfterSending" or "SweepListenSeconds" or "RelayMode" ? "postgres" : "dynamodb",
            ["BROKER"] = parameter.StartsWith("Nats", StringComparison.Ordinal) ? "nats" : "sqs",
            ["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:database-AbCdEf",
            ["NATS_URL"] = "tls://nats.example.com:4222",
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["JOBS_TABLE"] = "jobs",
            ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
            ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead",
            [variable] = value,
        };

        var error = Record.Exception(() => BuiltIn.Read(settings.GetValueOrDefault, Everything));
        Assert.True(error is null, $"{parameter} = {value}: {error?.Message}");
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
            .Select(entry => (entry.Key, OneParameter().Match(Text(entry.Value)).Groups["name"].Value))
            .Where(entry => Template.Parameters.Contains(entry.Item2))
            .Distinct();

    [GeneratedRegex("^(!If \\[\\w+, )?!Ref (?<name>\\w+)(, !Ref AWS::NoValue\\])?$")]
    private static partial Regex OneParameter();
}
