using System.Text.RegularExpressions;
using Relaybox.Settings;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>Tables, functions, logs and alarms of template.yaml.</summary>
public partial class TemplateTests
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
            Template.Functions.Keys,
            function => Assert.Equal(
                "Text", Text(Template.Property(function, "LoggingConfig", "LogFormat") ?? Template.Global("LoggingConfig", "LogFormat"))));
    }

    [Fact]
    public void Every_function_logs_to_a_group_of_its_own_that_forgets()
    {
        foreach (var function in Template.Functions.Keys)
        {
            var group = function.Replace("Function", "LogGroup", StringComparison.Ordinal);

            Assert.Equal($"!Ref {group}", Text(Template.Property(function, "LoggingConfig", "LogGroup")));
            Assert.Equal("!Ref LogRetentionDays", Text(Template.Property(group, "RetentionInDays")));
            Assert.Equal("!If [WithOwnKey, !Ref KmsKeyArn, !Ref AWS::NoValue]", Text(Template.Property(group, "KmsKeyId")));
        }

        Assert.Equal(Template.Functions.Count, Template.Resources("AWS::Logs::LogGroup").Count);
    }

    [Fact]
    public void What_was_not_sent_yet_outlives_the_stack()
    {
        foreach (var table in new[] { "OutboxTable", "InboxTable" })
        {
            // A first deployment that fails is the one case in which there is nothing to keep.
            Assert.Equal("RetainExceptOnCreate", Text(Child(Template.Resource(table), "DeletionPolicy")));
            Assert.Equal("Retain", Text(Child(Template.Resource(table), "UpdateReplacePolicy")));
            Assert.Equal("true", Text(Template.Property(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")));
        }
    }

    [Fact]
    public void The_bucket_of_the_claim_check_is_there_where_it_is_switched_on_and_closed_and_encrypted_and_outlives_the_stack()
    {
        var bucket = Template.Resource("PayloadBucket");
        Assert.Equal("WithClaimCheck", Text(Child(bucket, "Condition")));
        Assert.Equal("false", Text(Template.Parameter("ClaimCheck", "Default")));
        Assert.Equal(
            ("RetainExceptOnCreate", "Retain"), (Text(Child(bucket, "DeletionPolicy")), Text(Child(bucket, "UpdateReplacePolicy"))));
        Assert.All(
            new[] { "BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets" },
            block => Assert.Equal("true", Text(Template.Property("PayloadBucket", "PublicAccessBlockConfiguration", block))));
        var encryption = Child(
            Assert.Single(Items(Template.Property("PayloadBucket", "BucketEncryption", "ServerSideEncryptionConfiguration"))),
            "ServerSideEncryptionByDefault");
        Assert.Equal("!If [WithOwnKey, aws:kms, AES256]", Text(Child(encryption, "SSEAlgorithm")));
        Assert.Equal("!If [WithOwnKey, !Ref KmsKeyArn, !Ref AWS::NoValue]", Text(Child(encryption, "KMSMasterKeyID")));
    }

    [Fact]
    public void Payloads_expire_after_the_days_that_a_parameter_says_and_later_than_any_message_comes_back()
    {
        var rules = Items(Template.Property("PayloadBucket", "LifecycleConfiguration", "Rules")).ToList();
        Assert.Equal(
            (Relaybox.Messaging.PayloadReference.KeyPrefix, "!Ref ClaimCheckRetentionDays"),
            (Text(Child(rules[0], "Prefix")), Text(Child(rules[0], "ExpirationInDays"))));
        Assert.Equal("{DaysAfterInitiation: 1}", Text(Child(rules[1], "AbortIncompleteMultipartUpload")));
        Assert.All(rules, rule => Assert.Equal("Enabled", Text(Child(rule, "Status"))));

        foreach (var days in new[] { "MinValue", "Default" })
        {
            var settings = DeployedSettings.Of(
                "ConsumeFunction",
                ("CLAIM_CHECK_BUCKET", "payloads"),
                ("CLAIM_CHECK_RETENTION_DAYS", Text(Template.Parameter("ClaimCheckRetentionDays", days))));
            Assert.Null(settings.ClaimCheck!.WhyForgetful(settings));
            Assert.True(settings.ClaimCheck.ThresholdBytes < settings.Broker!.MaxMessageBytes);
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
    [InlineData("!Ref MetricsNamespace", "PausedFor", "Operate")]
    [InlineData("!Ref MetricsNamespace", "KeysBlocked", "Operate")]
    [InlineData("!Ref MetricsNamespace", "CleanupIncomplete", "Cleanup")]
    [InlineData("!Ref MetricsNamespace", "RowsParked", "StreamRelay")]
    [InlineData("!Ref MetricsNamespace", "RowsParked", "SweepRelay")]
    public void What_needs_an_operator_raises_an_alarm(string space, string metric, string dimension) =>
        Assert.NotNull(Alarm(space, metric, dimension));

    [Fact]
    public void A_first_deployment_raises_no_alarm_and_fits_into_a_small_account()
    {
        // With no data yet, "breaching" is an alarm at once; an alarm that begins without data, and has data later, tells nobody.
        Assert.All(
            Template.Resources("AWS::CloudWatch::Alarm"),
            alarm => Assert.Contains(Text(Child(alarm.Value, "Properties", "TreatMissingData")), new[] { "notBreaching", "missing" }));
        Assert.Equal("missing", Text(Template.Property("SweepMissingAlarm", "TreatMissingData")));
        Assert.Equal(
            Text(Template.Property("SweepMissingAlarm", "AlarmActions")), Text(Template.Property("SweepMissingAlarm", "InsufficientDataActions")));
        Assert.Equal("false", Text(Template.Parameter("ReserveConcurrency", "Default")));
    }

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

    [Fact]
    public void The_parameters_are_few_enough_to_be_read() => Assert.InRange(Template.Parameters.Count(), 30, 67);

    [Fact]
    public void A_value_without_a_parameter_is_what_the_manual_says_where_the_manual_says()
    {
        var manual = File.ReadAllText(Path.Combine(Folder, "docs", "configuration.md"));
        var values = PlainValue().Matches(manual).Select(row => (Value: row.Groups["value"].Value, Path: row.Groups["path"].Value)).ToList();

        Assert.InRange(values.Count, 10, 50);
        Assert.All(
            values,
            row =>
            {
                var names = row.Path.Split('.');
                var node = names[0] == "Globals" ? Template.Global(names[2..]) : Template.Property(names[0], names[1..]);
                Assert.True(node is not null, $"{row.Path} is not in the template.");
                Assert.Equal(row.Value, WithReservedConcurrency().Replace(Text(node), "$1"));
            });
    }

    [Fact]
    public void A_variable_without_a_parameter_has_the_default_of_the_manual_and_is_not_set()
    {
        var manual = File.ReadAllText(Path.Combine(Folder, "docs", "configuration.md"));
        var rows = PlainVariable().Matches(manual[manual.IndexOf("## Values without a parameter", StringComparison.Ordinal)..]).ToList();

        Assert.InRange(rows.Count, 10, 50);
        Assert.All(
            rows,
            row =>
            {
                var name = row.Groups["name"].Value;
                var broker = name is "SQS_MAX_BATCH_BYTES" or "PUBLISH_CONCURRENCY" ? "sqs" : "nats";
                var error = Assert.Throws<SettingsException>(() => DeployedSettings.With(("BROKER", broker), (name, "?")));
                Assert.Contains($"{name} is no number that it can be.", error.Message, StringComparison.Ordinal);
                Assert.Contains($"the default is {row.Groups["default"].Value}.", error.Message, StringComparison.Ordinal);
                Assert.All(Template.Functions.Keys, function => Assert.Equal("", Template.Variable(function, name)));
            });
    }

    // A row of the manual: | `NAME` | default |
    [GeneratedRegex(@"^\| `(?<name>[A-Z_]+)` \| (?<default>\d+) \|", RegexOptions.Multiline)]
    private static partial Regex PlainVariable();

    // A row of the manual: | what | `value` | `Resource.Path` |
    [GeneratedRegex(@"^\|[^|]+\| `(?<value>[^`]+)` \| `(?<path>\w+(\.\w+)+)`", RegexOptions.Multiline)]
    private static partial Regex PlainValue();

    [GeneratedRegex(@"^!If \[WithReservedConcurrency, (\d+), !Ref AWS::NoValue\]$")]
    private static partial Regex WithReservedConcurrency();

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
