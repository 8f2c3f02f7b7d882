using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>Tables, functions, logs and alarms of template.yaml.</summary>
public class TemplateTests
{
    private static readonly TemplateDocument Template = Instance;

    [Fact]
    public void Every_function_is_the_one_executable_and_is_told_its_name()
    {
        Assert.Equal("Relaybox.Functions", Text(Template.Global("Handler")));
        Assert.Equal("dotnet10", Text(Template.Global("Runtime")));
        Assert.True(Directory.Exists(Path.Combine(Folder, Text(Template.Global("CodeUri")))));
        Assert.All(
            Template.Functions,
            function =>
            {
                Assert.Equal(function.Key, $"{Template.Variable(function.Key, "ANNOTATIONS_HANDLER")}Function");
                Assert.Null(Child(function.Value, "Properties", "Handler"));
                Assert.Null(Child(function.Value, "Properties", "CodeUri"));
            });
    }

    [Fact]
    public void The_functions_own_json_lines_reach_the_log_unchanged()
    {
        Assert.All(
            Template.Functions.Values,
            function => Assert.Equal("Text", Text(Child(function, "Properties", "LoggingConfig", "LogFormat"))));
    }

    [Fact]
    public void Every_function_logs_to_a_group_of_its_own_that_forgets()
    {
        foreach (var function in Template.Functions.Keys)
        {
            var group = function.Replace("Function", "LogGroup", StringComparison.Ordinal);

            Assert.Equal($"!Ref {group}", Text(Template.Property(function, "LoggingConfig", "LogGroup")));
            Assert.Equal("!Ref LogRetentionDays", Text(Template.Property(group, "RetentionInDays")));
        }

        Assert.Equal(Template.Functions.Count, Template.Resources("AWS::Logs::LogGroup").Count);
    }

    [Fact]
    public void What_was_not_sent_yet_outlives_the_stack()
    {
        foreach (var table in new[] { "OutboxTable", "InboxTable" })
        {
            Assert.Equal("Retain", Text(Child(Template.Resource(table), "DeletionPolicy")));
            Assert.Equal("Retain", Text(Child(Template.Resource(table), "UpdateReplacePolicy")));
            Assert.Equal("true", Text(Template.Property(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")));
        }
    }

    [Theory]
    [InlineData("OutboxTable", "[{AttributeName: eventId, KeyType: HASH}]")]
    [InlineData("InboxTable", "[{AttributeName: eventId, KeyType: HASH}, {AttributeName: consumer, KeyType: RANGE}]")]
    [InlineData("JobsTable", "[{AttributeName: job, KeyType: HASH}]")]
    [InlineData("EffectsTable", "[{AttributeName: eventId, KeyType: HASH}]")]
    public void A_table_has_the_key_of_the_row_contract_and_is_encrypted_with_a_managed_key(string table, string key)
    {
        Assert.Equal(key, Text(Template.Property(table, "KeySchema")));
        Assert.Equal("PAY_PER_REQUEST", Text(Template.Property(table, "BillingMode")));
        Assert.Equal("KMS", Text(Template.Property(table, "SSESpecification", "SSEType")));
        Assert.Equal("true", Text(Template.Property(table, "SSESpecification", "SSEEnabled")));
    }

    [Fact]
    public void The_DueIndex_holds_keys_only_and_is_sharded()
    {
        var index = Assert.Single(Items(Template.Property("OutboxTable", "GlobalSecondaryIndexes")));

        Assert.Equal("DueIndex", Text(Child(index, "IndexName")));
        Assert.Equal("[{AttributeName: dueShard, KeyType: HASH}, {AttributeName: dueAt, KeyType: RANGE}]", Text(Child(index, "KeySchema")));
        Assert.Equal("{ProjectionType: KEYS_ONLY}", Text(Child(index, "Projection")));
        Assert.Equal(
            "[{AttributeName: eventId, AttributeType: S}, {AttributeName: dueShard, AttributeType: S}, {AttributeName: dueAt, AttributeType: N}]",
            Text(Template.Property("OutboxTable", "AttributeDefinitions")));
    }

    [Fact]
    public void The_outbox_streams_new_images_and_finished_rows_expire()
    {
        Assert.Equal("{StreamViewType: NEW_IMAGE}", Text(Template.Property("OutboxTable", "StreamSpecification")));
        Assert.Equal("{AttributeName: expiresAt, Enabled: true}", Text(Template.Property("OutboxTable", "TimeToLiveSpecification")));
        Assert.Equal("{AttributeName: expiresAt, Enabled: true}", Text(Template.Property("InboxTable", "TimeToLiveSpecification")));
    }

    [Fact]
    public void Every_queue_is_encrypted_with_or_without_a_key()
    {
        Assert.All(
            Template.Resources("AWS::SQS::Queue").Keys,
            queue =>
            {
                Assert.Equal("!If [WithOwnKey, !Ref AWS::NoValue, true]", Text(Template.Property(queue, "SqsManagedSseEnabled")));
                Assert.Equal("!If [WithOwnKey, !Ref KmsKeyArn, !Ref AWS::NoValue]", Text(Template.Property(queue, "KmsMasterKeyId")));
            });
    }

    [Fact]
    public void Errors_and_throttles_of_every_function_raise_an_alarm()
    {
        foreach (var function in Template.Functions.Keys)
        {
            Assert.NotNull(Alarm("AWS/Lambda", "Errors", $"!Ref {function}"));
            Assert.NotNull(Alarm("AWS/Lambda", "Throttles", $"!Ref {function}"));
        }
    }

    [Theory]
    [InlineData("AWS/SQS", "ApproximateNumberOfMessagesVisible", "!GetAtt DeadLetterQueue.QueueName")]
    [InlineData("AWS/SQS", "ApproximateNumberOfMessagesVisible", "!GetAtt StreamFailureQueue.QueueName")]
    [InlineData("AWS/SQS", "ApproximateNumberOfMessagesVisible", "!GetAtt ScheduleDeadLetterQueue.QueueName")]
    [InlineData("AWS/SQS", "ApproximateAgeOfOldestMessage", "!GetAtt Queue.QueueName")]
    [InlineData("AWS/Lambda", "IteratorAge", "!Ref StreamRelayFunction")]
    [InlineData("AWS/Lambda", "Invocations", "!Ref SweepRelayFunction")]
    [InlineData("!Ref MetricsNamespace", "OldestDueAge", "SweepRelay")]
    [InlineData("!Ref MetricsNamespace", "RowsParked", "StreamRelay")]
    [InlineData("!Ref MetricsNamespace", "RowsParked", "SweepRelay")]
    public void What_needs_an_operator_raises_an_alarm(string space, string metric, string dimension) =>
        Assert.NotNull(Alarm(space, metric, dimension));

    [Fact]
    public void Every_alarm_tells_somebody_and_is_in_the_manual()
    {
        var manual = File.ReadAllText(Path.Combine(Folder, "docs", "operations.md"));

        Assert.All(
            Template.Resources("AWS::CloudWatch::Alarm"),
            alarm =>
            {
                Assert.Equal(
                    "!If [WithAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]", Text(Child(alarm.Value, "Properties", "AlarmActions")));
                Assert.Contains($"`{Heading(alarm.Key)}`", manual, StringComparison.Ordinal);
            });
    }

    [Fact]
    public void Every_parameter_has_a_default_and_is_in_the_manual()
    {
        var manual = File.ReadAllText(Path.Combine(Folder, "docs", "deploy.md"));

        Assert.All(
            Template.Parameters,
            name =>
            {
                Assert.NotNull(Template.Parameter(name, "Default"));
                Assert.Contains($"`{name}`", manual, StringComparison.Ordinal);
            });
    }

    // The manual speaks of errors and throttles of a function once for all functions.
    private static string Heading(string alarm) =>
        alarm.EndsWith("ErrorsAlarm", StringComparison.Ordinal) ? "…ErrorsAlarm"
        : alarm.EndsWith("ThrottlesAlarm", StringComparison.Ordinal) ? "…ThrottlesAlarm"
        : alarm.EndsWith("RowsParkedAlarm", StringComparison.Ordinal) ? "…RowsParkedAlarm"
        : alarm;

    private static string? Alarm(string space, string metric, string dimension) => Template.Resources("AWS::CloudWatch::Alarm")
        .Where(alarm => Text(Child(alarm.Value, "Properties", "Namespace")) == space
            && Text(Child(alarm.Value, "Properties", "MetricName")) == metric
            && Items(Child(alarm.Value, "Properties", "Dimensions")).Any(item => Text(Child(item, "Value")) == dimension))
        .Select(alarm => alarm.Key)
        .SingleOrDefault();
}
