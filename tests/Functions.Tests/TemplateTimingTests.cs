using System.Globalization;
using Relaybox.Nats;
using Relaybox.Settings;
using YamlDotNet.RepresentationModel;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>Numbers that have to fit together, for every value that the parameters allow.</summary>
public class TemplateTimingTests
{
    private const string ConsumeTimeout = "ConsumeTimeoutSeconds";

    // Who sets a batching window of so many seconds need not think of the visibility timeout.
    private const int RoomForAWindow = 10;

    // A run that somebody has to follow without a gap goes on until the next one works: it begins a minute later, and up to five
    // seconds more if the schedule or a cold start is late.
    private const int OverlappingRun = 60 + 5;

    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string> ConsumeTimeouts => [.. Items(Template.Parameter(ConsumeTimeout, "AllowedValues")).Select(Text)];

    [Theory]
    [MemberData(nameof(ConsumeTimeouts))]
    public void A_message_stays_hidden_for_six_runs_and_a_window(string chosen)
    {
        var timeout = Template.Evaluate(Template.Property("ConsumeFunction", "Timeout"), ConsumeTimeout, chosen);
        var visibility = Template.Evaluate(Template.Property("Queue", "VisibilityTimeout"), ConsumeTimeout, chosen);
        var window = Child(Assert.Single(Template.Events("SQS")).Properties, "MaximumBatchingWindowInSeconds") is { } given
            ? Template.Evaluate(given)
            : 0;

        Assert.InRange(visibility, (6 * timeout) + Math.Max(window, RoomForAWindow), 43200);
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
        var timeout = Template.Alternatives(Template.Property(function, "Timeout")).Max();

        Assert.True(DeployedSettings.Of(function).Relay.Lease.TotalSeconds > timeout);
    }

    [Fact]
    public void With_DynamoDB_a_sweep_ends_before_the_next_one_starts_and_with_a_database_it_listens_until_the_next_one_does()
    {
        Assert.Equal("rate(1 minute)", Schedule("SweepRelayFunction"));
        Assert.Equal("!If [OnDatabase, 75, 55]", Text(Template.Property("SweepRelayFunction", "Timeout")));
        Assert.InRange(Template.ParameterNumber("SweepListenSeconds", "Default"), OverlappingRun, 75 - 10);
        Assert.InRange(Template.ParameterNumber("SweepListenSeconds", "MaxValue"), OverlappingRun, 75 - 10);
        Assert.True(ReservedConcurrency("SweepRelayFunction") >= 2);
    }

    [Fact]
    public void A_pull_goes_on_until_the_next_one_has_begun_and_its_leases_outlive_it()
    {
        var timeout = Template.Evaluate(Template.Property("PullConsumeFunction", "Timeout"));
        var pullSeconds = int.Parse(Template.Variable("PullConsumeFunction", "PULL_SECONDS"), CultureInfo.InvariantCulture);
        Assert.InRange(pullSeconds, OverlappingRun, timeout - 10);
        Assert.True(int.Parse(Template.Variable("PullConsumeFunction", "INBOX_LEASE_SECONDS"), CultureInfo.InvariantCulture) > timeout);
        Assert.Equal("rate(1 minute)", Schedule("PullConsumeFunction"));
        Assert.True(ReservedConcurrency("PullConsumeFunction") >= 2);
    }

    [Fact]
    public void Setup_tells_JetStream_the_leases_of_the_functions_that_use_it()
    {
        var setup = DeployedSettings.Of("SetupFunction");

        Assert.Equal(DeployedSettings.Of("PullConsumeFunction").Consumer.Lease, setup.Consumer.Lease);
        Assert.Equal(DeployedSettings.Of("SweepRelayFunction").Relay.Lease, setup.Relay.Lease);
    }

    [Fact]
    public void Consume_gives_up_before_the_queue_does()
    {
        Assert.Equal("!Ref InboxMaxAttempts", Template.Variable("ConsumeFunction", "INBOX_MAX_ATTEMPTS"));

        var receives = Template.Evaluate(Template.Property("Queue", "RedrivePolicy", "maxReceiveCount"));
        Assert.True(receives >= 5);
        Assert.True(receives >= Template.ParameterNumber("InboxMaxAttempts", "MaxValue"));
        Assert.True(receives > Template.ParameterNumber("InboxMaxAttempts", "Default"));
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
    [InlineData("ConsumeFunction", "ProcessedRetentionHours", "PROCESSED_RETENTION_HOURS")]
    [InlineData("CleanupFunction", "ProcessedRetentionHours", "PROCESSED_RETENTION_HOURS")]
    [InlineData("ConsumeFunction", "InboxFailedRetentionHours", "INBOX_FAILED_RETENTION_HOURS")]
    [InlineData("CleanupFunction", "InboxFailedRetentionHours", "INBOX_FAILED_RETENTION_HOURS")]
    public void The_inbox_remembers_for_longer_than_a_message_can_live(string function, string parameter, string variable)
    {
        var seconds = Template.Evaluate(Template.Property("Queue", "MessageRetentionPeriod"))
            + Template.Evaluate(Template.Property("DeadLetterQueue", "MessageRetentionPeriod"));

        Assert.Equal($"!Ref {parameter}", Template.Variable(function, variable));
        Assert.True(Template.ParameterNumber(parameter, "MinValue") * 3600 >= seconds);

        // The functions know how long that is, and refuse a shorter memory.
        DeployedSettings.Of(function, (variable, $"{seconds / 3600}"));
        var error = Assert.Throws<SettingsException>(() => DeployedSettings.Of(function, (variable, $"{(seconds / 3600) - 1}")));
        Assert.StartsWith($"{variable} is", Assert.Single(error.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ProcessedRetentionHours")]
    [InlineData("InboxFailedRetentionHours")]
    public void The_inbox_remembers_for_longer_than_a_message_can_live_in_a_stream(string parameter)
    {
        var hours = Nats("PullConsumeFunction").Stream.MaxAge.TotalHours + NatsSettings.DeadLetterAge.TotalHours;

        Assert.True(hours <= Template.ParameterNumber(parameter, "MinValue"));
    }

    [Fact]
    public void A_stream_may_keep_messages_for_as_long_as_it_has_to_know_their_ids()
    {
        var relay = DeployedSettings.Of("SweepRelayFunction").Relay;

        Assert.True(Nats("SetupFunction").Stream.MaxAge > relay.Lease + relay.LongestRetryDelay);
    }

    [Fact]
    public void Sent_rows_are_kept_for_a_day_at_least() =>
        Assert.True(Template.ParameterNumber("SentRetentionHours", "MinValue") >= 24);

    private static NatsSettings Nats(string function) => Assert.IsType<NatsSettings>(DeployedSettings.Of(function, ("BROKER", "nats")).Broker);

    private static string Schedule(string function) =>
        Template.Default(Child(Assert.Single(Template.Events("ScheduleV2"), source => source.Function == function).Properties, "ScheduleExpression"));

    private static int ReservedConcurrency(string function)
    {
        var limit = Assert.IsType<YamlSequenceNode>(Template.Property(function, "ReservedConcurrentExecutions"));
        Assert.Equal("WithReservedConcurrency", Text(limit[0]));
        return Template.Evaluate(limit[1]);
    }
}
