using System.Globalization;
using System.Text.RegularExpressions;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What <c>sam build</c> and <c>sam deploy</c> make of template.yaml and samconfig.toml.</summary>
public partial class SamBuildTests
{
    // Properties of a build, which the pages set, too.
    private static readonly string[] Properties =
        ["OfficialPackages", "NativeFunctions", "SkipVulnerabilityAudit", "GenerateRuntimeConfigurationFiles", "IlcTreatWarningsAsErrors"];

    private static readonly TemplateDocument Template = Instance;

    // Tables of samconfig.toml: their names, and the lines of each.
    private static readonly Dictionary<string, string[]> Config = Table().Matches(SamConfig()).ToDictionary(
        table => table.Groups["name"].Value,
        table => table.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    public static TheoryData<string> Environments => [.. Config.Keys.Select(name => name.Split('.')[0]).Distinct()];

    [Fact]
    public void All_functions_are_one_build()
    {
        // SAM builds functions once only where CodeUri, runtime, architecture and the functions' own metadata are the same.
        foreach (var property in new[] { "Metadata", "CodeUri", "Runtime", "Architectures", "PackageType" })
        {
            Assert.All(
                Template.Functions, function => Assert.Null(Child(function.Value, property) ?? Child(function.Value, "Properties", property)));
        }
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void Every_build_is_whole_and_one_at_a_time(string environment)
    {
        Assert.Contains("cached = false", Config[$"{environment}.build.parameters"]);
        Assert.Contains("parallel = false", Config[$"{environment}.build.parameters"]);
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void A_stack_is_given_parameters_that_the_template_has(string environment)
    {
        var overrides = Assert.Single(
            Config[$"{environment}.deploy.parameters"], line => line.StartsWith("parameter_overrides", StringComparison.Ordinal));
        var names = Override().Matches(overrides).Select(match => match.Groups["name"].Value).ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, Template.Parameters));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/deploy.md")]
    [InlineData("samconfig.toml")]
    public void Who_deploys_the_prod_stack_builds_with_its_settings_too(string file)
    {
        var text = File.ReadAllText(Path.Combine(Folder, file));

        Assert.Matches(@"sam build --config-env prod(\n| && )sam deploy --config-env prod", text);
        Assert.DoesNotMatch(@"sam build\s*(\n|&&)\s*sam deploy --config-env prod", text);
    }

    [Fact]
    public void Prod_without_the_example_has_no_consumer_either() => Assert.Contains(
        Config["prod.deploy.parameters"], line => line.Contains("DeployExample=false DeployConsumer=false", StringComparison.Ordinal));

    [Fact]
    public void The_longest_name_of_a_stack_is_what_the_manual_says()
    {
        // Names of functions have 64 characters at most, as the schedules' group has, which is called like the stack.
        var longest = 64 - Template.Functions.Max(function =>
            Text(Child(function.Value, "Properties", "FunctionName")).Replace("!Sub ${AWS::StackName}", "", StringComparison.Ordinal).Length);

        Assert.Contains($"at most {longest} characters", File.ReadAllText(Path.Combine(Folder, "docs", "deploy.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rds.md", 8)]
    [InlineData("mongodb.md", 5)]
    [InlineData("costs.md", 4)]
    [InlineData("deploy.md", 10)]
    public void Parameters_that_a_page_sets_are_parameters_of_the_template(string page, int atLeast)
    {
        var text = File.ReadAllText(Path.Combine(Folder, "docs", page));
        var names = ParameterInText().Matches(text).Select(match => match.Groups["name"].Value).Distinct().ToList();

        Assert.True(names.Count >= atLeast, string.Join(' ', names));
        Assert.All(names, name => Assert.Contains(name, Template.Parameters.Concat(Properties)));
    }

    [Fact]
    public void The_page_of_costs_calculates_with_the_memory_and_the_times_of_the_template()
    {
        // Dollars a month of a function that runs for so many seconds of every minute, on arm64.
        static string Dollars(double seconds, double megabytes) =>
            (seconds * 60 * 24 * 30 * megabytes / 1_024 * 1.33334e-5).ToString("0.0", CultureInfo.InvariantCulture);
        var page = File.ReadAllText(Path.Combine(Folder, "docs", "costs.md"));
        double Number(string parameter) => Template.ParameterNumber(parameter, "Default");

        var listening = Dollars(Number("SweepListenSeconds"), Number("RelayMemoryMB"));
        var pulling = Dollars(
            double.Parse(Template.Variable("PullConsumeFunction", "PULL_SECONDS"), CultureInfo.InvariantCulture), Number("ConsumeMemoryMB"));

        Assert.Contains($"| – | – | {listening} | {listening} |", page, StringComparison.Ordinal);
        Assert.Contains($"| – | {pulling} | – | {pulling} |", page, StringComparison.Ordinal);
    }

    private static string SamConfig() => File.ReadAllText(Path.Combine(Folder, "samconfig.toml"));

    [GeneratedRegex(@"^\[(?<name>[\w.]+)\]\n(?<lines>[^\[]*)", RegexOptions.Multiline)]
    private static partial Regex Table();

    [GeneratedRegex("""[ "](?<name>\w+)=""")]
    private static partial Regex Override();

    // PascalCase, as shells and environments do not write their variables.
    [GeneratedRegex(@"(?<![\w-])(?<name>[A-Z][a-z]+([A-Z][A-Za-z]*)+)=[^=]")]
    private static partial Regex ParameterInText();
}
