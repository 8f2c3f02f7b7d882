using Relaybox.Local.Permissions;
using Relaybox.Local.Stack;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Template;

/// <summary>What is not chosen is not created, and what cannot work is refused before anything is.</summary>
public sealed class CreatedResourcesTests
{
    private const string Subnets = "VpcSubnetIds";
    private const string Groups = "VpcSecurityGroupIds";
    private const string Everything =
        $"DatabaseOwnerSecretArn={Secret} NatsCredentialsSecretArn={Secret} SecretsKmsKeyArn={Key} KmsKeyArn={Key} VpcSubnetIds=subnet-1 "
        + $"VpcSecurityGroupIds=sg-1 Tracing=Active ReserveConcurrency=true AlarmTopicArn=arn:aws:sns:eu-central-2:123456789012:t RunSetup=1";

    private const string ToOthers = $"DeployConsumer=false TargetQueueArn={OtherQueue} TargetQueueKmsKeyArn={Key}";
    private const string Key = "arn:aws:kms:eu-central-2:123456789012:key/0f1e2d3c";
    private const string OtherQueue = "arn:aws:sqs:eu-west-3:210987654321:orders.fifo";
    private const string Secret = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:x-AbCdEf";

    private static readonly string[] Always =
    [
        "ScheduleDeadLetterQueue", "ScheduleDeadLetterQueuePolicy", "ScheduleDeadLetterQueueAlarm", "ScheduleGroup", "ScheduleRole",
        .. Function("SweepRelay"), "OldestDueAgeAlarm", "SweepRelayRowsParkedAlarm", "SweepMissingAlarm",
        .. Function("Cleanup"), .. Function("ResetStale"), .. Function("Reconcile"),
        .. Function("Operate"), "OperateReadAlias", "OperateActAlias", "OperatePayloadAlias", "PausedAlarm", "CleanupBehindAlarm",
    ];

    private static readonly string[] OfDynamoDb =
    [
        "OutboxTable", "InboxTable", "JobsTable", "EffectsTable", "OutboxWriterPolicy",
        "StreamFailureQueue", "StreamFailureQueuePolicy", "StreamFailureQueueAlarm",
        .. Function("StreamRelay"), "IteratorAgeAlarm", "StreamRelayRowsParkedAlarm",
    ];

    private static readonly string[] OfPostgres = ["DatabaseSecretPolicy", .. Function("Setup"), "KeysBlockedAlarm"];

    private static readonly string[] OfSqs =
    [
        "Queue", "QueuePolicy", "QueueAgeAlarm", "DeadLetterQueue", "DeadLetterQueueAlarm", .. Function("Consume"),
    ];

    private static readonly string[] OfNats =
        ["BrokerSecretPolicy", .. Function("PullConsume"), "PullConsumeMessagesDeadLetteredAlarm", .. Function("Setup")];

    [Theory]
    [InlineData("dynamodb", "sqs")]
    [InlineData("dynamodb", "nats")]
    [InlineData("postgres", "sqs")]
    [InlineData("postgres", "nats")]
    [InlineData("mysql", "sqs")]
    [InlineData("mysql", "nats")]
    [InlineData("redis", "sqs")]
    [InlineData("redis", "nats")]
    public void Of_each_store_and_broker_exactly_what_belongs_to_them_is_created(string store, string broker)
    {
        string[] expected = [.. Always, .. store == "dynamodb" ? OfDynamoDb : OfPostgres, .. broker == "sqs" ? OfSqs : OfNats];

        var template = new DeployedTemplate(
            ("Store", store),
            ("Broker", broker),
            ("DatabaseSecretArn", Secret),
            ("NatsUrl", "nats://nats.example.com"),
            ("NatsCredentialsSecretArn", Secret));

        Assert.Empty(template.Refusals);
        Assert.Equal(expected.Distinct().Order(StringComparer.Ordinal), template.Created.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void In_schedule_mode_nothing_of_the_stream_is_created()
    {
        string[] kept = ["OutboxTable", "InboxTable", "JobsTable", "EffectsTable", "OutboxWriterPolicy"];
        Assert.Equal(
            [.. Always.Concat(kept).Concat(OfSqs).Order(StringComparer.Ordinal)],
            new DeployedTemplate(("RelayTrigger", "schedule")).Created.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData("subnet-1,subnet-2", "sg-1", null)]
    [InlineData("subnet-1", "sg-1,sg-2", null)]
    [InlineData("subnet-1,subnet-2", "", "VpcSubnetIds needs VpcSecurityGroupIds.")]
    [InlineData("", "sg-1", "VpcSecurityGroupIds needs VpcSubnetIds.")]
    public void Subnets_and_security_groups_are_given_together_or_not_at_all(string subnets, string groups, string? refusal)
    {
        var refusals = new DeployedTemplate((Subnets, subnets), (Groups, groups)).Refusals.ToList();
        Assert.Equal(refusal is null ? 0 : 1, refusals.Count);
        Assert.All(refusals, text => Assert.StartsWith(refusal!, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sqs", "", "Queue QueuePolicy QueueAgeAlarm DeadLetterQueue DeadLetterQueueAlarm")]
    [InlineData("sqs", OtherQueue, "")]
    [InlineData("nats", "", "SetupLogGroup SetupRole SetupFunction SetupErrorsAlarm SetupThrottlesAlarm")]
    public void Who_only_relays_has_nothing_of_the_consumer(string broker, string queue, string left)
    {
        var template = new DeployedTemplate(
            ("Broker", broker), ("NatsUrl", "nats://nats.example.com"), ("DeployConsumer", "false"), ("TargetQueueArn", queue));

        Assert.Empty(template.Refusals);
        Assert.Equal(
            [.. Always.Concat(OfDynamoDb).Except(["EffectsTable"]).Concat(left.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Order(StringComparer.Ordinal)],
            template.Created.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_relay_sends_to_the_queue_of_others_by_its_ARN()
    {
        var stack = StackLoader.Load(
            File.ReadAllText(RepositoryRoot.Combine("template.yaml")),
            new StackOptions("relaybox", new Uri("http://127.0.0.1:1/"), new Dictionary<string, string>
            {
                ["DeployConsumer"] = "false", ["TargetQueueArn"] = OtherQueue,
            }));

        var relay = stack.Function("SweepRelay")!;
        Assert.Equal("https://sqs.eu-west-3.amazonaws.com/210987654321/orders.fifo", relay.Environment["QUEUE_URL"]);
        Assert.Contains(relay.Grants!, grant => grant == new Permission("sqs:SendMessage", OtherQueue));
        Assert.Null(stack.Function("Consume"));
    }

    [Fact]
    public void A_queue_of_others_is_for_relaying_only()
    {
        Assert.Equal(
            ["TargetQueueArn needs Broker sqs.", "TargetQueueArn needs DeployConsumer=false."],
            new DeployedTemplate(("TargetQueueArn", OtherQueue), ("Broker", "nats"), ("NatsUrl", "nats://nats.example.com"))
                .Refusals.Select(refusal => refusal[..(refusal.IndexOf('.', StringComparison.Ordinal) + 1)]));
    }

    [Fact]
    public void A_store_or_a_broker_without_what_it_needs_is_refused()
    {
        Assert.Equal(["A database as the store needs DatabaseSecretArn."], new DeployedTemplate(("Store", "postgres")).Refusals);
        Assert.Equal(["Broker nats needs NatsUrl."], new DeployedTemplate(("Broker", "nats")).Refusals);
    }

    /// <summary>Each store with each broker, with as little as there can be and with everything, to the stack's own queue or another's.</summary>
    public static TheoryData<string, string, string> Combinations
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var (store, broker) in new[]
            {
                ("dynamodb", "sqs"), ("dynamodb", "nats"), ("postgres", "sqs"), ("postgres", "nats"), ("mysql", "sqs"), ("redis", "nats"),
            })
            {
                foreach (var more in new[] { "", Everything, "DeployConsumer=false", $"{Everything} DeployConsumer=false" })
                {
                    all.Add(store, broker, more);
                }

                all.Add(store, broker, "RelayTrigger=schedule DeployExample=false Alarms=false ReserveConcurrency=true");
            }

            all.Add("dynamodb", "sqs", ToOthers);
            all.Add("postgres", "sqs", ToOthers);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Everything_that_is_created_refers_to_something_that_is_created(string store, string broker, string more)
    {
        var template = new DeployedTemplate(
        [
            ("Store", store), ("Broker", broker), ("DatabaseSecretArn", store == "dynamodb" ? "" : Secret),
            ("NatsUrl", broker == "nats" ? "tls://nats.example.com" : ""),
            .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => (pair.Split('=')[0], pair.Split('=')[1])),
        ]);

        Assert.Empty(template.Refusals);
        Assert.Empty(template.Dangling);
    }

    private static string[] Function(string name) =>
        [$"{name}LogGroup", $"{name}Role", $"{name}Function", $"{name}ErrorsAlarm", $"{name}ThrottlesAlarm"];
}
