using Relaybox.Configuration;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What a deployer may choose, the functions must take.</summary>
public class TemplateSettingsTests
{
    private const FunctionNeeds Everything =
        FunctionNeeds.Publisher | FunctionNeeds.Inbox | FunctionNeeds.Jobs | FunctionNeeds.Consumer;

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
                    .Distinct();
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
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["JOBS_TABLE"] = "jobs",
            ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
            ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead",
            [variable] = value,
        };

        var error = Record.Exception(() => RelayboxSettings.Read(settings.GetValueOrDefault, Everything));
        Assert.True(error is null, $"{parameter} = {value}: {error?.Message}");
    }

    [Fact]
    public void The_template_sets_variables_by_parameters() => Assert.InRange(Variables().Count(), 12, 100);

    // Variables that are exactly one parameter, of all functions.
    private static IEnumerable<(string Variable, string Parameter)> Variables() =>
        Template.Functions.Keys
            .SelectMany(function => Entries(Template.Property(function, "Environment", "Variables")))
            .Concat(Entries(Template.Global("Environment", "Variables")))
            .Select(entry => (entry.Key, Text(entry.Value).Replace("!Ref ", "", StringComparison.Ordinal)))
            .Where(entry => Template.Parameters.Contains(entry.Item2))
            .Distinct();
}
