using System.Text.RegularExpressions;
using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.DynamoDB;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Annotations.SQS;
using Relaybox.Functions.Hosting;
using YamlDotNet.RepresentationModel;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>
/// What the functions declare by attributes is what the catalog runs and template.yaml deploys, while the template's parameters
/// have their defaults. What an attribute cannot say stands in the template alone.
/// </summary>
public partial class DeclaredFunctionTests
{
    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string> Names => [.. FunctionCatalog.Names];

    [Fact]
    public void Every_function_of_the_catalog_is_declared_once_and_no_other_is() => Assert.Equal(
        FunctionCatalog.Names.Order(StringComparer.Ordinal),
        DeclaredFunction.All.Select(function => function.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_function_of_the_template_is_declared() => Assert.Equal(
        Template.Functions.Keys.Order(StringComparer.Ordinal),
        DeclaredFunction.All.Select(function => function.Attribute.ResourceName).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_function_is_declared_where_it_is_implemented(string name) =>
        Assert.Equal($"{name}Function.HandleAsync", Declared(name).ToString());

    [Theory]
    [MemberData(nameof(Names))]
    public void What_starts_a_function_is_declared_as_the_template_has_it(string name)
    {
        var function = Declared(name);

        Assert.Equal(
            Entries(Template.Property(function.Attribute.ResourceName, "Events")).Select(source => Deployed(source.Key, source.Value)),
            function.Sources.Select(Describe));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_compared_nowhere_is_left_to_the_template(string name)
    {
        var attribute = Declared(name).Attribute;

        Assert.Equal((0u, 0u, LambdaPackageType.Zip), (attribute.Timeout, attribute.MemorySize, attribute.PackageType));
        Assert.Equal((null, null), (attribute.Role, attribute.Policies));
    }

    [Fact]
    public void Nothing_is_generated_from_the_declarations()
    {
        Assert.DoesNotContain(DeclaredFunction.Assembly.GetTypes(), type => type.Name.EndsWith("_Generated", StringComparison.Ordinal));
        Assert.All(Template.Functions.Values, function => Assert.Null(Child(function, "Metadata", "Tool")));
    }

    private static DeclaredFunction Declared(string name) => Assert.Single(DeclaredFunction.All, function => function.Name == name);

    // Numbers that were not set are 0 in the official attributes, but for a stream's batch size, which is 100 then.
    private static string Describe(Attribute attribute) => attribute switch
    {
        SQSEventAttribute queue => Line(
            "SQS",
            queue.ResourceName,
            ("Queue", queue.Queue),
            ("Enabled", queue.Enabled),
            ("BatchSize", queue.BatchSize),
            ("MaximumBatchingWindowInSeconds", queue.MaximumBatchingWindowInSeconds),
            ("MaximumConcurrency", queue.MaximumConcurrency),
            ("Filters", queue.Filters)),
        DynamoDBEventAttribute stream => Line(
            "DynamoDB",
            stream.ResourceName,
            ("Stream", stream.Stream),
            ("Enabled", stream.Enabled),
            ("BatchSize", stream.BatchSize),
            ("MaximumBatchingWindowInSeconds", stream.MaximumBatchingWindowInSeconds),
            ("StartingPosition", stream.StartingPosition),
            ("Filters", stream.Filters)),
        ScheduleEventAttribute schedule => Line(
            "ScheduleV2",
            schedule.ResourceName,
            ("Schedule", schedule.Schedule),
            ("Enabled", schedule.Enabled),
            ("Input", schedule.Input),
            ("Description", schedule.Description)),
        _ => throw new NotSupportedException($"{attribute} is not compared with the template yet."),
    };

    private static string Deployed(string name, YamlNode source)
    {
        var properties = Child(source, "Properties");
        return Text(Child(source, "Type")) switch
        {
            "SQS" => Line(
                "SQS",
                name,
                ("Queue", Reference("Queue")),
                ("Enabled", IsTrue("Enabled")),
                ("BatchSize", Number("BatchSize")),
                ("MaximumBatchingWindowInSeconds", Number("MaximumBatchingWindowInSeconds")),
                ("MaximumConcurrency", Number("ScalingConfig", "MaximumConcurrency")),
                ("Filters", Filters())),
            "DynamoDB" => Line(
                "DynamoDB",
                name,
                ("Stream", Reference("Stream")),
                ("Enabled", IsTrue("Enabled")),
                ("BatchSize", Number("BatchSize")),
                ("MaximumBatchingWindowInSeconds", Number("MaximumBatchingWindowInSeconds")),
                ("StartingPosition", Value("StartingPosition")),
                ("Filters", Filters())),
            "ScheduleV2" => Line(
                "ScheduleV2",
                name,
                ("Schedule", Value("ScheduleExpression")),
                ("Enabled", Value("State") == "ENABLED"),
                ("Input", Value("Input")),
                ("Description", Value("Description"))),
            var type => throw new NotSupportedException($"{name} has the type {type}, which is not compared with attributes yet."),
        };

        string Value(params string[] path) => Template.Default(Child(properties, path));
        int Number(params string[] path) => Child(properties, path) is { } number ? Template.Evaluate(number) : 0;
        bool IsTrue(string property) => Child(properties, property) is not { } flag || bool.Parse(Template.Default(flag));
        string Reference(string property) => ArnOfResource().Replace(Value(property), "@$1");
        string Filters() => string.Join(';', Items(Child(properties, "FilterCriteria", "Filters")).Select(filter => Text(Child(filter, "Pattern"))));
    }

    private static string Line(string type, string name, params (string Name, object? Value)[] values) =>
        $"{type} {name}: {string.Join(", ", values.Select(value => $"{value.Name}={value.Value}"))}";

    [GeneratedRegex(@"^!GetAtt (\w+)\.(Arn|StreamArn)$")]
    private static partial Regex ArnOfResource();
}
