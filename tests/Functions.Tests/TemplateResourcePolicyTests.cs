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
            Assert.Contains($"sqs:* on !GetAtt {queue}.Arn if {condition}", refusals);
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_table_refuses_plaintext_and_every_source_outside_of_the_account(string table) => Assert.Equal(
        new[] { Plaintext, OtherAccounts, ServicesForOtherAccounts }.Select(condition => $"dynamodb:* on * if {condition}"),
        Refusals(Template.Property(table, "ResourcePolicy", "PolicyDocument")));

    [Fact]
    public void What_could_not_be_started_or_relayed_is_sent_by_those_alone_whose_part_it_is()
    {
        var senders = Refusals(PolicyOf("StreamFailureQueue")).Concat(Refusals(PolicyOf("ScheduleDeadLetterQueue")))
            .Where(refusal => refusal.StartsWith("sqs:SendMessage", StringComparison.Ordinal));
        var schedules = Template.Events("ScheduleV2").Select(source => Text(Child(source.Properties, "RoleArn")))
            .Select(role => role.Contains("PullConsume", StringComparison.Ordinal) ? $"!If [OverNats, {role}, !Ref AWS::NoValue]" : role);

        Assert.Equal(
            [Sent("StreamFailureQueue", ["!GetAtt StreamRelayRole.Arn"]), Sent("ScheduleDeadLetterQueue", schedules)],
            senders);

        static string Sent(string queue, IEnumerable<string> roles) =>
            $"sqs:SendMessage on !GetAtt {queue}.Arn if {{ArnNotEqualsIfExists: {{aws:PrincipalArn: [{string.Join(", ", roles)}]}}, "
            + "BoolIfExists: {aws:PrincipalIsAWSService: false}}";
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void Only_the_dead_letter_queue_can_be_named_as_one(string queue) => Assert.Equal(
        queue == "DeadLetterQueue" ? "" : "denyAll",
        Text(Template.Property(queue, "RedriveAllowPolicy", "redrivePermission")));

    [Fact]
    public void No_policy_of_a_queue_or_table_lets_anybody_in()
    {
        var policies = Template.Resources("AWS::SQS::QueuePolicy").Values.Select(policy => Child(policy, "Properties", "PolicyDocument"))
            .Concat(Template.Resources("AWS::DynamoDB::Table").Keys.Select(table => Template.Property(table, "ResourcePolicy", "PolicyDocument")));

        Assert.All(
            policies.SelectMany(policy => Items(Child(policy, "Statement"))),
            statement => Assert.Equal(("Deny", "*"), (Text(Child(statement, "Effect")), Text(Child(statement, "Principal")))));
    }

    private static YamlNode? PolicyOf(string queue) => Child(
        Assert.Single(Template.Resources("AWS::SQS::QueuePolicy").Values, policy => Text(Child(policy, "Properties", "Queues")) == $"[!Ref {queue}]"),
        "Properties",
        "PolicyDocument");

    private static IEnumerable<string> Refusals(YamlNode? policy) => Items(Child(policy, "Statement")).Select(statement =>
        $"{Text(Child(statement, "Action"))} on {Text(Child(statement, "Resource"))} if {Text(Child(statement, "Condition"))}");
}
