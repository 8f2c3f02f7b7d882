using Relaybox.Functions.Operate;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>How operators reach the function Operate: by the right to an alias, and in no other way.</summary>
public class TemplateOperateTests
{
    private const string Function = "OperateFunction";

    private static readonly TemplateDocument Template = Instance;

    [Fact]
    public void Each_alias_that_the_function_knows_is_there_is_its_latest_code_and_is_an_output()
    {
        var aliases = Template.Resources("AWS::Lambda::Alias");

        Assert.Equal(
            new[] { OperateAlias.Act, OperateAlias.Payload, OperateAlias.Read },
            aliases.Values.Select(alias => Text(Child(alias, "Properties", "Name"))).Order());
        Assert.All(
            aliases,
            alias =>
            {
                Assert.Equal("!Ref OperateFunction", Text(Child(alias.Value, "Properties", "FunctionName")));
                Assert.Equal("$LATEST", Text(Child(alias.Value, "Properties", "FunctionVersion")));
                Assert.Equal($"Operate{Text(Child(alias.Value, "Properties", "Name"))}Alias", alias.Key, ignoreCase: true);
                Assert.Equal($"!Ref {alias.Key}", Text(Child(Template.Section("Outputs")[$"{alias.Key}Arn"], "Value")));
            });
    }

    [Fact]
    public void The_command_line_finds_the_function_by_the_name_of_the_stack() =>
        Assert.Equal("!Sub ${AWS::StackName}-Operate", Text(Template.Property(Function, "FunctionName")));

    [Fact]
    public void Nothing_starts_the_function_but_people_and_its_schedule()
    {
        Assert.Equal("ScheduleV2", Text(Child(Assert.Single(Entries(Template.Property(Function, "Events"))).Value, "Type")));
        foreach (var property in new[] { "FunctionUrlConfig", "AutoPublishAlias" })
        {
            Assert.Null(Template.Property(Function, property));
            Assert.Null(Template.Global(property));
        }

        string[] doors = ["AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"];
        Assert.All(Template.Section("Resources").Values, resource => Assert.DoesNotContain(Text(Child(resource, "Type")), doors));
    }

    [Fact]
    public void No_role_of_the_stack_may_invoke_an_alias()
    {
        // The schedule has the right to the name alone, which acts on nothing that an operator has not begun.
        var text = File.ReadAllText(Path.Combine(Folder, "template.yaml"));
        var roles = text[text.IndexOf("  ScheduleRole:", StringComparison.Ordinal)..text.IndexOf("Outputs:", StringComparison.Ordinal)];

        Assert.DoesNotContain("!Ref OperateReadAlias", roles, StringComparison.Ordinal);
        Assert.DoesNotContain("!Ref OperateActAlias", roles, StringComparison.Ordinal);
        Assert.DoesNotContain("!Ref OperatePayloadAlias", roles, StringComparison.Ordinal);
        Assert.DoesNotContain("${OperateFunction", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_the_schedule_and_a_step_that_it_has_begun_end_before_the_function_does() => Assert.True(
        OperateFunction.ScheduledTurn + OperateFunction.LongestStep < TimeSpan.FromSeconds(Template.Evaluate(Template.Global("Timeout"))));

    [Fact]
    public void Two_people_and_the_schedule_fit_into_what_is_reserved() => Assert.Equal(
        "!If [WithReservedConcurrency, 3, !Ref AWS::NoValue]", Text(Template.Property(Function, "ReservedConcurrentExecutions")));
}
