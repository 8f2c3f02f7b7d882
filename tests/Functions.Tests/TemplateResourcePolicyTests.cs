using YamlDotNet.RepresentationModel;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>What queues and tables refuse, whatever the roles are allowed.</summary>
public class TemplateResourcePolicyTests
{
    private const string Plaintext = "{Bool: {aws:SecureTransport: false}}";

    private const string OtherAccounts =
        "{StringNotEqualsIfExists: {aws:PrincipalAccount: !Ref AWS::AccountId}, BoolIfExists: {aws:PrincipalIsAWSService: false}}";

    private const string ServicesForOtherAccounts =
        "{StringNotEquals: {aws:SourceAccount: !Ref AWS::AccountId}, Null: {aws:SourceAccount: false}, Bool: {aws:PrincipalIsAWSService: true}}";

    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string> Queues => [.. Template.Resources("AWS::SQS::Queue").Keys];

    public static TheoryData<string> Tables => [.. Template.Resources("AWS::DynamoDB::Table").Keys];

    [Theory]
    [MemberData(nameof(Queues))]
    public void A_queue_refuses_plaintext_and_every_source_outside_of_the_account(string queue)
    {
        var refusals = Refusals(PolicyOf(queue)).ToList();

        foreach (var condition in new[] { Plaintext, OtherAccounts, ServicesForOtherAccounts })
        {
            Assert.Contains($"sqs:* on * if {condition}", refusals);
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_table_refuses_plaintext_and_every_source_outside_of_the_account(string table) => Assert.Equal(
        new[] { Plaintext, OtherAccounts, ServicesForOtherAccounts }.Select(condition => $"dynamodb:* on * if {condition}"),
        Refusals(Template.Property(table, "ResourcePolicy", "PolicyDocument")));

    [Fact]
    public void The_bucket_refuses_plaintext_and_every_source_outside_of_the_account() => Assert.Equal(
        new[] { Plaintext, OtherAccounts, ServicesForOtherAccounts }.Select(
            condition => $"s3:* on [!GetAtt PayloadBucket.Arn, !Sub ${{PayloadBucket.Arn}}/*] if {condition}"),
        Refusals(Template.Property("PayloadBucketPolicy", "PolicyDocument")));

    [Fact]
    public void What_could_not_be_started_or_relayed_is_sent_by_those_alone_whose_part_it_is()
    {
        var senders = Refusals(PolicyOf("StreamFailureQueue")).Concat(Refusals(PolicyOf("ScheduleDeadLetterQueue")))
            .Where(refusal => refusal.StartsWith("sqs:SendMessage", StringComparison.Ordinal));

        Assert.Equal([Sent("StreamRelayRole"), Sent("ScheduleRole")], senders);
        Assert.All(Template.Events("ScheduleV2"), source => Assert.Equal("!GetAtt ScheduleRole.Arn", Text(Child(source.Properties, "RoleArn"))));

        static string Sent(string role) =>
            $"sqs:SendMessage on * if {{ArnNotEqualsIfExists: {{aws:PrincipalArn: !GetAtt {role}.Arn}}, "
            + "BoolIfExists: {aws:PrincipalIsAWSService: false}}";
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void Only_the_dead_letter_queue_can_be_named_as_one(string queue) => Assert.Equal(
        queue == "DeadLetterQueue" ? "" : "denyAll",
        Text(Template.Property(queue, "RedriveAllowPolicy", "redrivePermission")));

    [Fact]
    public void No_policy_of_a_queue_bucket_or_table_lets_anybody_in()
    {
        var policies = Template.Resources("AWS::SQS::QueuePolicy").Values.Select(policy => Child(policy, "Properties", "PolicyDocument"))
            .Append(Template.Property("PayloadBucketPolicy", "PolicyDocument"))
            .Concat(Template.Resources("AWS::DynamoDB::Table").Keys.Select(table => Template.Property(table, "ResourcePolicy", "PolicyDocument")));

        Assert.All(
            policies.SelectMany(policy => Items(Child(policy, "Statement"))),
            statement => Assert.Equal(("Deny", "*"), (Text(Child(statement, "Effect")), Text(Child(statement, "Principal")))));
    }

    // A queue has one policy at most: a second one would take the first one's place.
    private static YamlNode? PolicyOf(string queue)
    {
        var policy = Assert.Single(
            Template.Resources("AWS::SQS::QueuePolicy").Values,
            policy => Items(Child(policy, "Properties", "Queues")).Any(item => Text(item) == $"!Ref {queue}"));
        Assert.Equal(Text(Child(Template.Resource(queue), "Condition")), Text(Child(policy, "Condition")));
        return Child(policy, "Properties", "PolicyDocument");
    }

    private static IEnumerable<string> Refusals(YamlNode? policy) => Items(Child(policy, "Statement")).Select(statement =>
        $"{Text(Child(statement, "Action"))} on {Text(Child(statement, "Resource"))} if {Text(Child(statement, "Condition"))}");
}
