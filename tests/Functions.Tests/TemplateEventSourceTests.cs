using System.Text.Json.Nodes;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What starts the functions.</summary>
public class TemplateEventSourceTests
{
    private static readonly TemplateDocument Template = Instance;

    [Theory]
    [InlineData("DynamoDB", "StreamRelayFunction")]
    [InlineData("SQS", "ConsumeFunction")]
    public void A_batch_may_fail_in_part(string type, string function)
    {
        var (started, source) = Assert.Single(Template.Events(type));

        Assert.Equal(function, started);
        Assert.Equal("[ReportBatchItemFailures]", Text(Child(source, "FunctionResponseTypes")));
    }

    [Fact]
    public void The_stream_delivers_new_pending_rows_only()
    {
        var filter = Assert.Single(Items(Child(Stream, "FilterCriteria", "Filters")));

        var expected = JsonNode.Parse("""{"eventName":["INSERT"],"dynamodb":{"NewImage":{"status":{"S":["pending"]}}}}""");
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(Text(Child(filter, "Pattern")))));
    }

    [Fact]
    public void A_bad_record_cannot_block_its_shard_for_a_day()
    {
        Assert.Equal("true", Text(Child(Stream, "BisectBatchOnFunctionError")));
        Assert.InRange(Template.Evaluate(Child(Stream, "MaximumRetryAttempts")), 1, 100);
        Assert.InRange(Template.Evaluate(Child(Stream, "MaximumRecordAgeInSeconds")), 60, 6 * 3600);
        Assert.Equal("!GetAtt StreamFailureQueue.Arn", Text(Child(Stream, "DestinationConfig", "OnFailure", "Destination")));
        Assert.Equal("TRIM_HORIZON", Text(Child(Stream, "StartingPosition")));
    }

    [Fact]
    public void In_schedule_mode_nothing_of_the_stream_relay_is_left()
    {
        var parts = new[] { "StreamRelayFunction", "StreamRelayRole", "StreamRelayLogGroup", "StreamFailureQueue", "StreamFailureQueuePolicy" };

        Assert.All(parts, part => Assert.Equal("RelayByStream", Text(Child(Template.Resource(part), "Condition"))));
    }

    [Fact]
    public void The_consumer_is_limited_at_the_source()
    {
        var (_, source) = Assert.Single(Template.Events("SQS"));

        Assert.Equal("!Ref ConsumeMaximumConcurrency", Text(Child(source, "ScalingConfig", "MaximumConcurrency")));
        Assert.Equal(10, Template.Evaluate(Child(source, "BatchSize")));
    }

    [Theory]
    [InlineData("SweepRelayFunction", "job", "sweep", "rate(1 minute)")]
    [InlineData("PullConsumeFunction", "job", "pull", "rate(1 minute)")]
    [InlineData("CleanupFunction", "job", "cleanup", "rate(1 day)")]
    [InlineData("ResetStaleFunction", "job", "reset-stale", "rate(5 minutes)")]
    [InlineData("ReconcileFunction", "job", "reconcile", "rate(1 hour)")]
    [InlineData("OperateFunction", "command", "continue", "rate(1 minute)")]
    public void A_schedule_says_what_it_starts_and_keeps_what_did_not_start(string function, string name, string value, string expression)
    {
        var (_, schedule) = Assert.Single(Template.Events("ScheduleV2"), source => source.Function == function);

        Assert.True(JsonNode.DeepEquals(new JsonObject { [name] = value }, JsonNode.Parse(Text(Child(schedule, "Input")))));
        Assert.Equal(expression, Template.Default(Child(schedule, "ScheduleExpression")));
        Assert.InRange(Template.Evaluate(Child(schedule, "RetryPolicy", "MaximumRetryAttempts")), 0, 10);
        Assert.InRange(Template.Evaluate(Child(schedule, "RetryPolicy", "MaximumEventAgeInSeconds")), 60, 3600);
        Assert.Equal("!GetAtt ScheduleDeadLetterQueue.Arn", Text(Child(schedule, "DeadLetterConfig", "Arn")));
    }

    [Fact]
    public void Every_schedule_is_tested_above() => Assert.Equal(6, Template.Events("ScheduleV2").Count);

    [Fact]
    public void A_scheduled_job_does_not_overlap_itself()
    {
        Assert.All(
            Template.Events("ScheduleV2").Where(
                source => source.Function is not ("SweepRelayFunction" or "PullConsumeFunction" or "OperateFunction")),
            source =>
            {
                var limit = (YamlDotNet.RepresentationModel.YamlSequenceNode)Template.Property(source.Function, "ReservedConcurrentExecutions")!;
                Assert.Equal("WithReservedConcurrency", Text(limit[0]));
                Assert.Equal(1, Template.Evaluate(limit[1]));
            });
    }

    [Fact]
    public void Schedules_of_two_stacks_cannot_clash()
    {
        Assert.All(Template.Events("ScheduleV2"), source => Assert.Equal("!Ref ScheduleGroup", Text(Child(source.Properties, "GroupName"))));
        Assert.Equal("!Ref AWS::StackName", Text(Template.Property("ScheduleGroup", "Name")));
    }

    private static YamlDotNet.RepresentationModel.YamlNode Stream => Assert.Single(Template.Events("DynamoDB")).Properties;
}
