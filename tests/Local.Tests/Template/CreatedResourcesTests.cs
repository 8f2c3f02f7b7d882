
namespace Relaybox.Local.Tests.Template;

/// <summary>What is not chosen is not created, and what cannot work is refused before anything is.</summary>
public sealed class CreatedResourcesTests
{
    private const string Subnets = "VpcSubnetIds";
    private const string Groups = "VpcSecurityGroupIds";
    private const string Secret = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:x-AbCdEf";

    private static readonly string[] Always =
    [
        "ScheduleDeadLetterQueue", "ScheduleDeadLetterQueuePolicy", "ScheduleDeadLetterQueueAlarm", "ScheduleGroup", "ScheduleRole",
        .. Function("SweepRelay"), "OldestDueAgeAlarm", "SweepRelayRowsParkedAlarm", "SweepMissingAlarm",
        .. Function("Cleanup"), .. Function("ResetStale"), .. Function("Reconcile"),
    ];

    private static readonly string[] OfDynamoDb =
    [
        "OutboxTable", "InboxTable", "JobsTable", "EffectsTable", "OutboxWriterPolicy", "StreamFailureQueue", "StreamFailureQueuePolicy", "StreamFailureQueueAlarm",
        .. Function("StreamRelay"), "IteratorAgeAlarm", "StreamRelayRowsParkedAlarm",
    ];

    private static readonly string[] OfPostgres = ["DatabaseSecretPolicy", .. Function("Setup")];

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
    public void Of_each_store_and_broker_exactly_what_belongs_to_them_is_created(string store, string broker)
    {
        string[] expected = [.. Always, .. store == "dynamodb" ? OfDynamoDb : OfPostgres, .. broker == "sqs" ? OfSqs : OfNats];

        var template = new DeployedTemplate(
            ("Store", store),
            ("Broker", broker),
            ("DatabaseSecretArn", Secret),
            ("NatsUrl", "nats://nats.example.com"),
            ("NatsCredentialsSecretArn", Secret),
            ("SecretsExtensionLayerArn", "arn:aws:lambda:eu-central-2:123456789012:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:1"));

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

    [Fact]
    public void A_store_or_a_broker_without_what_it_needs_is_refused()
    {
        Assert.Equal(2, new DeployedTemplate(("Store", "postgres")).Refusals.Count());
        Assert.Equal(["Broker nats needs NatsUrl."], new DeployedTemplate(("Broker", "nats")).Refusals);
    }

    private static string[] Function(string name) =>
        [$"{name}LogGroup", $"{name}Role", $"{name}Function", $"{name}ErrorsAlarm", $"{name}ThrottlesAlarm"];
}
