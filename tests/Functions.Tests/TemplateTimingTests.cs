using System.Globalization;
using Relaybox.Nats;
using Relaybox.Outbox.Relay;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>Numbers that have to fit together, for every value that the parameters allow.</summary>
public class TemplateTimingTests
{
    private const string ConsumeTimeout = "ConsumeTimeoutSeconds";
    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string> ConsumeTimeouts => [.. Items(Template.Parameter(ConsumeTimeout, "AllowedValues")).Select(Text)];

    [Theory]
    [MemberData(nameof(ConsumeTimeouts))]
    public void A_message_stays_hidden_for_six_runs_and_a_window(string chosen)
    {
        var timeout = Template.Evaluate(Template.Property("ConsumeFunction", "Timeout"), ConsumeTimeout, chosen);
        var visibility = Template.Evaluate(Template.Property("Queue", "VisibilityTimeout"), ConsumeTimeout, chosen);
        var longestWindow = Template.ParameterNumber("ConsumeBatchWindowSeconds", "MaxValue");

        Assert.InRange(visibility, (6 * timeout) + longestWindow, 43200);
    }

    [Theory]
    [MemberData(nameof(ConsumeTimeouts))]
    public void An_inbox_lease_outlives_the_function_and_ends_before_the_message_returns(string chosen)
    {
        var timeout = Template.Evaluate(Template.Property("ConsumeFunction", "Timeout"), ConsumeTimeout, chosen);
        var visibility = Template.Evaluate(Template.Property("Queue", "VisibilityTimeout"), ConsumeTimeout, chosen);
        var lease = Template.Evaluate(
            Template.Property("ConsumeFunction", "Environment", "Variables", "INBOX_LEASE_SECONDS"), ConsumeTimeout, chosen);

        Assert.InRange(lease, timeout + 1, visibility);
    }

    [Theory]
    [InlineData("StreamRelayFunction")]
    [InlineData("SweepRelayFunction")]
    public void A_relay_lease_outlives_the_function(string function)
    {
        Assert.Equal("!Ref RelayLeaseSeconds", Template.Variable(function, "RELAY_LEASE_SECONDS"));
        var timeout = Template.Alternatives(Template.Property(function, "Timeout")).Max();
        Assert.True(Template.ParameterNumber("RelayLeaseSeconds", "MinValue") > timeout);
    }

    [Fact]
    public void With_DynamoDB_a_sweep_ends_before_the_next_one_starts_and_with_PostgreSQL_it_listens_until_the_next_one_does()
    {
        Assert.Equal("rate(1 minute)", Text(Template.Parameter("SweepSchedule", "Default")));
        Assert.Equal("!If [OnPostgres, 75, 55]", Text(Template.Property("SweepRelayFunction", "Timeout")));
        Assert.InRange(Template.ParameterNumber("SweepListenSeconds", "Default"), 61, 75 - 10);
        Assert.InRange(Template.ParameterNumber("SweepListenSeconds", "MaxValue"), 61, 75 - 10);
        Assert.True(Template.ParameterNumber("SweepConcurrency", "Default") >= 2);
    }

    [Fact]
    public void A_pull_goes_on_until_the_next_one_has_begun_and_its_leases_outlive_it()
    {
        var timeout = Template.Evaluate(Template.Property("PullConsumeFunction", "Timeout"));
        Assert.InRange(int.Parse(Template.Variable("PullConsumeFunction", "PULL_SECONDS"), CultureInfo.InvariantCulture), 61, timeout - 10);
        Assert.True(int.Parse(Template.Variable("PullConsumeFunction", "INBOX_LEASE_SECONDS"), CultureInfo.InvariantCulture) > timeout);
        Assert.True(Template.ParameterNumber("PullConcurrency", "MinValue") >= 2);
    }

    [Fact]
    public void Consume_gives_up_before_the_queue_does()
    {
        Assert.Equal("!Ref MaxReceiveCount", Text(Template.Property("Queue", "RedrivePolicy", "maxReceiveCount")));
        Assert.Equal("!Ref InboxMaxAttempts", Template.Variable("ConsumeFunction", "INBOX_MAX_ATTEMPTS"));

        var fewestReceives = Template.ParameterNumber("MaxReceiveCount", "MinValue");
        Assert.True(fewestReceives >= 5);
        Assert.True(fewestReceives >= Template.ParameterNumber("InboxMaxAttempts", "MaxValue"));
        Assert.True(Template.ParameterNumber("MaxReceiveCount", "Default") > Template.ParameterNumber("InboxMaxAttempts", "Default"));
    }

    [Fact]
    public void Dead_letters_are_kept_for_14_days()
    {
        var deadLetterQueues = Template.Resources("AWS::SQS::Queue").Keys.Where(queue => queue != "Queue").ToList();

        Assert.Equal(3, deadLetterQueues.Count);
        Assert.All(deadLetterQueues, queue => Assert.Equal(14 * 24 * 3600, Template.Evaluate(Template.Property(queue, "MessageRetentionPeriod"))));
        Assert.Equal("!GetAtt DeadLetterQueue.Arn", Text(Template.Property("Queue", "RedrivePolicy", "deadLetterTargetArn")));
    }

    [Theory]
    [InlineData("ConsumeFunction")]
    [InlineData("CleanupFunction")]
    public void The_inbox_remembers_for_longer_than_a_message_can_live(string function)
    {
        var seconds = Template.Evaluate(Template.Property("Queue", "MessageRetentionPeriod"))
            + Template.Evaluate(Template.Property("DeadLetterQueue", "MessageRetentionPeriod"));

        Assert.Equal($"{seconds / 3600}", Template.Variable(function, "QUEUE_RETENTION_HOURS"));
        Assert.Equal("!Ref ProcessedRetentionHours", Template.Variable(function, "PROCESSED_RETENTION_HOURS"));
        Assert.True(Template.ParameterNumber("ProcessedRetentionHours", "MinValue") * 3600 >= seconds);
    }

    [Fact]
    public void The_inbox_remembers_for_longer_than_a_message_can_live_in_a_stream()
    {
        var hours = Template.ParameterNumber("NatsStreamMaxAgeHours", "MaxValue") + NatsSettings.DeadLetterAge.TotalHours;

        Assert.True(hours <= int.Parse(Template.Variable("PullConsumeFunction", "QUEUE_RETENTION_HOURS"), CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_stream_may_keep_messages_for_as_long_as_it_has_to_know_their_ids()
    {
        var seconds = Template.ParameterNumber("RelayLeaseSeconds", "MaxValue") + new RelayOptions().LongestRetryDelay.TotalSeconds;

        Assert.True(Template.ParameterNumber("NatsStreamMaxAgeHours", "MinValue") * 3600 > seconds);
    }

    [Fact]
    public void Sent_rows_are_kept_for_a_day_at_least() =>
        Assert.True(Template.ParameterNumber("SentRetentionHours", "MinValue") >= 24);
}
