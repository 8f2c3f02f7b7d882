using Relaybox.Configuration;
using Relaybox.Functions.Hosting;

namespace Relaybox.Functions.Tests;

public sealed class StartTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("streamrelay")]
    [InlineData("Relaybox.Functions::Handler")]
    public void An_unknown_function_is_refused_with_the_known_names(string? name)
    {
        var error = Assert.Throws<SettingsException>(() => FunctionCatalog.Create(name, _ => null));
        foreach (var known in new[] { "StreamRelay", "SweepRelay", "Consume", "Cleanup", "ResetStale", "Reconcile" })
        {
            Assert.Contains(known, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("StreamRelay", "OUTBOX_TABLE,QUEUE_URL")]
    [InlineData("SweepRelay", "OUTBOX_TABLE,QUEUE_URL")]
    [InlineData("Consume", "OUTBOX_TABLE,INBOX_TABLE,QUEUE_URL,DEAD_LETTER_QUEUE_URL")]
    [InlineData("Cleanup", "OUTBOX_TABLE,INBOX_TABLE,JOBS_TABLE")]
    [InlineData("ResetStale", "OUTBOX_TABLE,INBOX_TABLE,JOBS_TABLE")]
    [InlineData("Reconcile", "OUTBOX_TABLE,JOBS_TABLE")]
    public void Every_missing_setting_is_named_at_once(string function, string missing)
    {
        var error = Assert.Throws<SettingsException>(() => FunctionCatalog.Create(function, _ => null));
        Assert.Equal(missing.Split(','), error.Errors.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void Every_wrong_setting_is_named_at_once_with_what_to_set()
    {
        var variables = new Dictionary<string, string>
        {
            ["OUTBOX_STORE"] = "oracle",
            ["BROKER"] = "kafka",
            ["OUTBOX_TABLE"] = "\"; DROP TABLE users; --",
            ["QUEUE_URL"] = "not a url",
            ["RELAY_TRIGGER"] = "push",
            ["DUE_SHARDS"] = "0",
            ["MESSAGE_FORMAT"] = "xml",
            ["RELAY_BATCH_SIZE"] = "many",
            ["SENT_RETENTION_HOURS"] = "1",
            ["LOG_LEVEL"] = "loud",
            ["CONSUMER_NAME"] = "a b",
        };

        var error = Assert.Throws<SettingsException>(
            () => RelayboxSettings.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.Publisher));

        Assert.Equal(variables.Keys.Order(StringComparer.Ordinal), error.Errors.Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_memory_shorter_than_a_message_can_come_back_is_refused()
    {
        var variables = new Dictionary<string, string>
        {
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["PROCESSED_RETENTION_HOURS"] = "100",
            ["QUEUE_RETENTION_HOURS"] = "432",
        };

        var error = Assert.Throws<SettingsException>(
            () => RelayboxSettings.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.Inbox));
        Assert.Contains("432", Assert.Single(error.Errors), StringComparison.Ordinal);
    }
}
