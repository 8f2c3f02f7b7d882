using YamlDotNet.RepresentationModel;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What each role may do, and who may take it on.</summary>
public class TemplatePermissionTests
{
    private const string Outbox = "!GetAtt OutboxTable.Arn";
    private const string DueIndex = "!Sub ${OutboxTable.Arn}/index/DueIndex";
    private const string Inbox = "!GetAtt InboxTable.Arn";
    private const string Jobs = "!GetAtt JobsTable.Arn";
    private const string Queue = "!GetAtt Queue.Arn";
    private const string OtherQueue = "!Ref TargetQueueArn";
    private const string PayloadBucket = "!GetAtt PayloadBucket.Arn";
    private const string Payloads = "!Sub ${PayloadBucket.Arn}/payloads/*";
    private static readonly TemplateDocument Template = Instance;

    /// <summary>The calls that each function makes. A call that is new here has to be new in the code as well.</summary>
    public static TheoryData<string, string[]> Calls => new()
    {
        {
            "StreamRelay",
            [
                .. On("!GetAtt OutboxTable.StreamArn", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
                .. On("!Sub ${OutboxTable.Arn}/stream/*", "dynamodb:ListStreams"),
                .. On(Outbox, "dynamodb:PartiQLUpdate"),
                .. On(Queue, "sqs:SendMessage"),
                .. On(OtherQueue, "sqs:SendMessage"),
                .. On("!GetAtt StreamFailureQueue.Arn", "sqs:SendMessage"),
                .. On(Payloads, "s3:PutObject"),
            ]
        },
        {
            "SweepRelay",
            [
                .. On(DueIndex, "dynamodb:Query"),
                .. On(Outbox, "dynamodb:BatchGetItem", "dynamodb:PartiQLUpdate"),
                .. On(Jobs, "dynamodb:GetItem"),
                .. On(Queue, "sqs:SendMessage"),
                .. On(OtherQueue, "sqs:SendMessage"),
                .. On(Payloads, "s3:PutObject"),
            ]
        },
        {
            "Consume",
            [
                .. On(Queue, "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
                .. On("!GetAtt DeadLetterQueue.Arn", "sqs:SendMessage"),
                .. On(Inbox, "dynamodb:GetItem", "dynamodb:UpdateItem"),
                .. On(Outbox, "dynamodb:PutItem"),
                .. On("!GetAtt EffectsTable.Arn", "dynamodb:UpdateItem"),
                .. On(Payloads, "s3:GetObject", "s3:PutObject"),
                .. On(PayloadBucket, "s3:ListBucket"),
            ]
        },
        {
            "PullConsume",
            [
                .. On(Inbox, "dynamodb:GetItem", "dynamodb:UpdateItem"),
                .. On(Jobs, "dynamodb:GetItem"),
                .. On(Outbox, "dynamodb:PutItem"),
                .. On("!GetAtt EffectsTable.Arn", "dynamodb:UpdateItem"),
                .. On(Payloads, "s3:GetObject", "s3:PutObject"),
                .. On(PayloadBucket, "s3:ListBucket"),
            ]
        },
        {
            "Setup",
            [.. On("!Ref DatabaseOwnerSecretArn", "secretsmanager:GetSecretValue"), .. On("!Ref SecretsKmsKeyArn", "kms:Decrypt")]
        },
        {
            "Cleanup",
            [
                .. On(Outbox, "dynamodb:DeleteItem", "dynamodb:Scan"),
                .. On(Inbox, "dynamodb:DeleteItem", "dynamodb:Scan"),
                .. On(Jobs, "dynamodb:UpdateItem"),
            ]
        },
        {
            "ResetStale",
            [
                .. On(DueIndex, "dynamodb:Query"),
                .. On(Outbox, "dynamodb:BatchGetItem", "dynamodb:UpdateItem"),
                .. On(Inbox, "dynamodb:Scan", "dynamodb:UpdateItem"),
                .. On(Jobs, "dynamodb:UpdateItem"),
            ]
        },
        {
            "Reconcile",
            [
                .. On(Outbox, "dynamodb:Scan", "dynamodb:UpdateItem"),
                .. On(Jobs, "dynamodb:UpdateItem"),
            ]
        },
        {
            "Operate",
            [
                .. On(DueIndex, "dynamodb:Query"),
                .. On(Outbox, "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
                .. On(Inbox, "dynamodb:GetItem", "dynamodb:UpdateItem"),
                .. On(Jobs, "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
                .. new[] { Outbox, Inbox, Jobs }.SelectMany(table => On(table, "dynamodb:DescribeTable")),
                .. new[] { Outbox, Inbox }.SelectMany(table => On(table, "dynamodb:DescribeTimeToLive")),
                .. On(
                    "!GetAtt DeadLetterQueue.Arn",
                    "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
                .. On(Queue, "sqs:GetQueueAttributes", "sqs:SendMessage"),
                .. On(OtherQueue, "sqs:SendMessage"),
                .. On(PayloadBucket, "s3:ListBucket"),
                .. On(Payloads, "s3:PutObject"),
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_function_may_make_the_calls_that_it_makes_and_no_others(string function, string[] calls)
    {
        var log = On($"!GetAtt {function}LogGroup.Arn", "logs:CreateLogStream", "logs:PutLogEvents");

        Assert.Equal(calls.Concat(log).Order(), Permissions($"{function}Role").Order());
    }

    [Fact]
    public void Every_function_has_a_role_that_no_other_function_has()
    {
        var roles = Template.Functions.Select(function => (function.Key, Role: Text(Child(function.Value, "Properties", "Role")))).ToList();

        Assert.All(roles, entry => Assert.Equal($"!GetAtt {Short(entry.Key)}Role.Arn", entry.Role));
        Assert.Equal(Template.Functions.Keys.Select(Short).Order(), Calls.Select(row => row.Data.Item1).Order());
    }

    [Fact]
    public void The_schedules_may_start_the_functions_that_have_one_and_keep_what_did_not_start()
    {
        var schedules = Template.Events("ScheduleV2");

        Assert.All(schedules, source => Assert.Equal("!GetAtt ScheduleRole.Arn", Text(Child(source.Properties, "RoleArn"))));
        Assert.Equal(
            [
                .. schedules.SelectMany(source => On(IfThereIs(source.Function), "lambda:InvokeFunction")),
                .. On("!GetAtt ScheduleDeadLetterQueue.Arn", "sqs:SendMessage"),
            ],
            Permissions("ScheduleRole"));

        static string IfThereIs(string function) => Child(Template.Resource(function), "Condition") is { } condition
            ? $"!If [{Text(condition)}, !GetAtt {function}.Arn, !Ref AWS::NoValue]"
            : $"!GetAtt {function}.Arn";
    }

    [Fact]
    public void Nothing_is_allowed_by_wildcard()
    {
        var allowed = Template.Resources("AWS::IAM::Role").Keys.SelectMany(Permissions)
            .Concat(Template.Resources("AWS::IAM::ManagedPolicy").Values
                .SelectMany(policy => Statements(Child(policy, "Properties", "PolicyDocument"))).SelectMany(Flatten))
            .ToList();

        Assert.NotEmpty(allowed);
        Assert.All(allowed, permission => Assert.DoesNotContain('*', permission.Split(' ', 2)[0]));
        // A network interface has no ARN before it is made, and a trace has none at all.
        Assert.All(
            allowed.Where(permission => permission.Split(':')[0] is not ("ec2" or "xray")),
            permission => Assert.NotEqual("*", permission.Split(' ', 2)[1]));
    }

    [Fact]
    public void A_role_trusts_one_service_for_this_account_only()
    {
        foreach (var (name, role) in Template.Resources("AWS::IAM::Role"))
        {
            var statement = Assert.Single(Statements(Child(role, "Properties", "AssumeRolePolicyDocument")));
            var service = name.EndsWith("ScheduleRole", StringComparison.Ordinal) ? "scheduler.amazonaws.com" : "lambda.amazonaws.com";

            Assert.Equal($"{{Service: {service}}}", Text(Child(statement, "Principal")));
            Assert.Equal("!Ref AWS::AccountId", Text(Child(statement, "Condition", "StringEquals", "aws:SourceAccount")));
            Assert.Equal(
                service == "scheduler.amazonaws.com" ? "!GetAtt ScheduleGroup.Arn" : "",
                Text(Child(statement, "Condition", "StringEquals", "aws:SourceArn")));
        }
    }

    [Theory]
    [InlineData("Setup", "SetupReadsDatabaseSecret", true)]
    [InlineData("StreamRelay", "", true)]
    [InlineData("SweepRelay", "WithDatabaseSecret", true)]
    [InlineData("Consume", "WithDatabaseSecret", false)]
    [InlineData("PullConsume", "WithDatabaseSecret", true)]
    [InlineData("Cleanup", "WithDatabaseSecret", false)]
    [InlineData("ResetStale", "WithDatabaseSecret", false)]
    [InlineData("Reconcile", "WithDatabaseSecret", false)]
    [InlineData("Operate", "WithDatabaseSecret", true)]
    public void A_function_may_use_key_and_network_if_there_are_any_and_the_secrets_that_it_needs(string function, string database, bool broker)
    {
        string[] policies =
        [
            "!If [WithOwnKey, !Ref KeyAccessPolicy, !Ref AWS::NoValue]",
            .. database.Length == 0 ? [] : new[] { $"!If [{database}, !Ref DatabaseSecretPolicy, !Ref AWS::NoValue]" },
            .. broker ? ["!If [WithNatsSecret, !Ref BrokerSecretPolicy, !Ref AWS::NoValue]"] : Array.Empty<string>(),
            "!If [InVpc, !Ref NetworkAccessPolicy, !Ref AWS::NoValue]",
            .. function == "Operate" || function.EndsWith("Relay", StringComparison.Ordinal)
                ? ["!If [WithTargetQueueKey, !Ref TargetQueueKeyPolicy, !Ref AWS::NoValue]"]
                : Array.Empty<string>(),
            "!If [WithTracing, !Ref TracingPolicy, !Ref AWS::NoValue]",
        ];

        Assert.Equal($"[{string.Join(", ", policies)}]", Text(Template.Property($"{function}Role", "ManagedPolicyArns")));
    }

    [Fact]
    public void A_schedule_may_use_the_key_if_there_is_one() => Assert.Equal(
        "!If [WithOwnKey, [!Ref KeyAccessPolicy], !Ref AWS::NoValue]", Text(Template.Property("ScheduleRole", "ManagedPolicyArns")));

    [Fact]
    public void Every_role_is_a_function_s_or_the_schedules() => Assert.Equal(
        Template.Functions.Keys.Select(function => $"{Short(function)}Role").Append("ScheduleRole").Order(),
        Template.Resources("AWS::IAM::Role").Keys.Order());

    [Theory]
    [InlineData("DatabaseSecretPolicy", "DatabaseSecretArn")]
    [InlineData("BrokerSecretPolicy", "NatsCredentialsSecretArn")]
    public void A_secret_may_be_read_by_its_ARN_alone(string policy, string secret) => Assert.Equal(
        [$"secretsmanager:GetSecretValue !Ref {secret}", "kms:Decrypt !Ref SecretsKmsKeyArn"],
        Statements(Template.Property(policy, "PolicyDocument")).SelectMany(Flatten));

    [Fact]
    public void An_app_may_write_events_and_nothing_else()
    {
        Assert.Equal(
            [
                "dynamodb:PutItem !GetAtt OutboxTable.Arn", "kms:Decrypt !Ref KmsKeyArn",
                $"s3:PutObject {Payloads}", "kms:Decrypt !Ref KmsKeyArn", "kms:GenerateDataKey !Ref KmsKeyArn",
            ],
            Statements(Template.Property("OutboxWriterPolicy", "PolicyDocument")).SelectMany(Flatten));
        var output = Template.Section("Outputs")["OutboxWriterPolicyArn"];
        Assert.Equal("!Ref OutboxWriterPolicy", Text(Child(output, "Value")));
        Assert.Equal("{Name: !Sub ${AWS::StackName}-OutboxWriterPolicyArn}", Text(Child(output, "Export")));
    }

    [Fact]
    public void Functions_that_are_traced_may_send_their_traces()
    {
        Assert.Equal("!Ref Tracing", Text(Template.Global("Tracing")));
        Assert.Equal(
            ["xray:PutTelemetryRecords *", "xray:PutTraceSegments *"],
            Statements(Template.Property("TracingPolicy", "PolicyDocument")).SelectMany(Flatten));
    }

    private static string Short(string function) => function[..^"Function".Length];

    private static IEnumerable<string> On(string resource, params string[] actions) => actions.Select(action => $"{action} {resource}");

    private static IEnumerable<string> Permissions(string role) =>
        Items(Template.Property(role, "Policies")).SelectMany(policy => Statements(Child(policy, "PolicyDocument"))).SelectMany(Flatten);

    // A statement that depends on a condition is taken as if the condition held.
    private static IEnumerable<YamlNode> Statements(YamlNode? document) => Items(Child(document, "Statement"))
        .Select(statement => statement is YamlSequenceNode { Tag.IsEmpty: false } choice ? choice[1] : statement);

    private static IEnumerable<string> Flatten(YamlNode statement)
    {
        Assert.Equal("Allow", Text(Child(statement, "Effect")));
        return Items(Child(statement, "Resource"))
            .SelectMany(resource => Items(Child(statement, "Action")).Select(action => $"{Text(action)} {Text(resource)}"));
    }
}
