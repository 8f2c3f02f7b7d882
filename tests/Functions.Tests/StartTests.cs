using Relaybox.Functions.Hosting;
using Relaybox.Nats;
using Relaybox.Settings;
using Relaybox.Sqs;

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
        foreach (var known in new[] { "StreamRelay", "SweepRelay", "Consume", "Cleanup", "ResetStale", "Reconcile", "Operate" })
        {
            Assert.Contains(known, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("StreamRelay", "OUTBOX_TABLE,QUEUE_URL")]
    [InlineData("SweepRelay", "OUTBOX_TABLE,JOBS_TABLE,QUEUE_URL")]
    [InlineData("Consume", "OUTBOX_TABLE,INBOX_TABLE,QUEUE_URL,DEAD_LETTER_QUEUE_URL")]
    [InlineData("Cleanup", "OUTBOX_TABLE,INBOX_TABLE,JOBS_TABLE")]
    [InlineData("ResetStale", "OUTBOX_TABLE,INBOX_TABLE,JOBS_TABLE")]
    [InlineData("Reconcile", "OUTBOX_TABLE,JOBS_TABLE")]
    [InlineData("Operate", "OUTBOX_TABLE,JOBS_TABLE")]
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
            ["STORE"] = "oracle",
            ["BROKER"] = "kafka",
            ["OUTBOX_TABLE"] = "\"; DROP TABLE users; --",
            ["QUEUE_URL"] = "not a url",
            ["RELAY_TRIGGER"] = "push",
            ["DUE_SHARDS"] = "0",
            ["MESSAGE_FORMAT"] = "xml",
            ["CLOUDEVENTS_SOURCE"] = "not a URI",
            ["RELAY_BATCH_SIZE"] = "many",
            ["SENT_RETENTION_HOURS"] = "1",
            ["LOG_LEVEL"] = "loud",
            ["CONSUMER_NAME"] = "a b",
        };

        var error = Assert.Throws<SettingsException>(
            () => BuiltIn.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.Publisher));

        Assert.Contains(
            "STORE is none of its values. Set it to one of: dynamodb, postgres, mongodb, mysql, redis. "
            + "Another store needs a build that contains it: add it to RelayboxStores in src/Functions/Stores.targets.",
            error.Errors);
        Assert.Equal(variables.Keys.Order(StringComparer.Ordinal), error.Errors.Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("OUTBOX_TABLE", "outbox; DROP TABLE users")]
    [InlineData("INBOX_TABLE", "1nbox")]
    [InlineData("JOBS_TABLE", "jobs\"")]
    [InlineData("DATABASE_SCHEMA", "pg_catalog")]
    [InlineData("EFFECTS_TABLE", "e.f")]
    [InlineData("DATABASE_SECRET_ARN", "canary")]
    [InlineData("DATABASE_URL", "postgres://u:canary@db.example.com/shop?sslmode=disable")]
    [InlineData("DATABASE_PORT", "x")]
    [InlineData("DATABASE_CA_FILE", "/nowhere/ca.pem")]
    [InlineData("DATABASE_POOLER", "maybe")]
    [InlineData("AFTER_SENDING", "forget")]
    [InlineData("RELAY_MODE", "optimistic")]
    [InlineData("SWEEP_LISTEN_SECONDS", "-1")]
    [InlineData("NATS_STREAM", "a.b")]
    [InlineData("NATS_SUBJECT_PREFIX", "relaybox.>")]
    [InlineData("NATS_CREDENTIALS_SECRET_ARN", "canary")]
    [InlineData("NATS_CA_FILE", "/nowhere/ca.pem")]
    [InlineData("NATS_MAX_IN_FLIGHT", "0")]
    public void A_wrong_setting_of_store_or_broker_is_named_and_a_secret_never_repeated(string variable, string value)
    {
        var variables = new Dictionary<string, string>
        {
            ["STORE"] = "postgres",
            ["BROKER"] = "nats",
            ["NATS_URL"] = "tls://nats.example.com",
        };
        if (!variable.StartsWith("DATABASE_URL", StringComparison.Ordinal))
        {
            variables["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:db-AbCdEf";
        }

        variables[variable] = value;
        var error = Assert.Throws<SettingsException>(
            () => BuiltIn.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.Setup));
        Assert.StartsWith(variable, Assert.Single(error.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres", "DATABASE_URL", "postgres://u:p@db.example.com/shop", "DATABASE_HOST", "db.example.com")]
    [InlineData("postgres", "DATABASE_URL", "postgres://u:p@db.example.com/shop", "DATABASE_PORT", "5432")]
    [InlineData("postgres", "DATABASE_URL", "postgres://u:p@db.example.com/shop", "DATABASE_NAME", "shop")]
    [InlineData("mongodb", "MONGODB_URI", "mongodb://u:p@db.example.com/shop", "DATABASE_HOST", "db.example.com")]
    [InlineData("mongodb", "MONGODB_URI", "mongodb://u:p@db.example.com/shop", "DATABASE_PORT", "27017")]
    public void A_part_of_an_address_beside_a_whole_one_is_refused(string store, string whole, string url, string part, string value)
    {
        var variables = new Dictionary<string, string> { ["STORE"] = store, [whole] = url };
        BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.None);

        variables[part] = value;
        var error = Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.None));
        Assert.Equal($"{part} is set as well as {whole}, which names it itself. Leave {part} out.", Assert.Single(error.Errors));
    }

    [Fact]
    public void The_name_of_a_MongoDB_database_can_stand_beside_a_URI_that_has_another_one_or_none()
    {
        foreach (var database in new[] { "", "/other" })
        {
            var variables = new Dictionary<string, string>
            {
                ["STORE"] = "mongodb", ["MONGODB_URI"] = $"mongodb://u:p@db.example.com{database}", ["DATABASE_NAME"] = "shop",
            };
            Assert.NotNull(BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.None));
        }
    }

    [Theory]
    [InlineData("OUTBOX_TABLE", "outbox.rows")]
    [InlineData("INBOX_TABLE", "$inbox")]
    [InlineData("JOBS_TABLE", "1obs")]
    [InlineData("EFFECTS_TABLE", "config")]
    [InlineData("DATABASE_SECRET_ARN", "canary")]
    [InlineData("DATABASE_HOST", "u:canary@db.example.com")]
    [InlineData("DATABASE_NAME", "can.ary")]
    [InlineData("DATABASE_ROLE_PREFIX", "a b")]
    [InlineData("DATABASE_FUNCTIONS_USER", "a@b")]
    [InlineData("DATABASE_APP_USERS", "shop,a b")]
    [InlineData("DATABASE_PORT", "x")]
    [InlineData("DATABASE_CA_FILE", "/nowhere/ca.pem")]
    [InlineData("DATABASE_MAX_CONNECTIONS", "1")]
    [InlineData("AFTER_SENDING", "archive")]
    [InlineData("RELAY_MODE", "locked")]
    [InlineData("SWEEP_LISTEN_SECONDS", "-1")]
    [InlineData("MONGODB_URI", "canary")]
    [InlineData("MONGODB_URI", "mongodb://u:ca/nary@db.example.com/shop")]
    [InlineData("MONGODB_URI", "mongodb://u:canary@db.example.com/")]
    [InlineData("MONGODB_URI", "mongodb://u:canary@db.example.com/admin")]
    [InlineData("MONGODB_URI", "mongodb://u:canary@db.example.com/shop?tlsInsecure=true")]
    public void A_wrong_setting_of_MongoDB_is_named_and_a_secret_never_repeated(string variable, string value)
    {
        var variables = new Dictionary<string, string> { ["STORE"] = "mongodb" };
        if (variable != "MONGODB_URI")
        {
            variables["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:db-AbCdEf";
        }

        variables[variable] = value;
        var error = Assert.Throws<SettingsException>(
            () => BuiltIn.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.None));
        Assert.StartsWith(variable, Assert.Single(error.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nary@", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void Wrapped_events_are_unwrapped_unless_a_setting_says_otherwise(string? value, bool unwraps)
    {
        var settings = BuiltIn.Read(
            name => name switch { "SQS_UNWRAP" => value, "OUTBOX_TABLE" => "outbox", _ => null }, FunctionNeeds.None);
        Assert.Equal(unwraps, ((SqsSettings)settings.Broker!).Unwraps);
    }

    [Fact]
    public void Locks_are_refused_where_the_store_has_none()
    {
        var variables = new Dictionary<string, string> { ["RELAY_MODE"] = "locked", ["OUTBOX_TABLE"] = "outbox" };
        var error = Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.None));
        Assert.StartsWith("RELAY_MODE is locked", Assert.Single(error.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("mongodb")]
    [InlineData("mysql")]
    [InlineData("redis")]
    public void Store_and_broker_say_what_they_need(string store)
    {
        var variables = new Dictionary<string, string> { ["STORE"] = store, ["BROKER"] = "nats" };
        var error = Assert.Throws<SettingsException>(() => FunctionCatalog.Create("Setup", variables.GetValueOrDefault));
        Assert.Equal(["DATABASE_SECRET_ARN", "NATS_URL"], error.Errors.Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("Consume", "nats", "sqs")]
    [InlineData("PullConsume", "sqs", "nats")]
    public void A_function_of_one_broker_is_refused_with_the_other(string function, string broker, string wanted)
    {
        var variables = new Dictionary<string, string>
        {
            ["BROKER"] = broker,
            ["NATS_URL"] = "tls://nats.example.com",
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["JOBS_TABLE"] = "jobs",
            ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
            ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead",
        };
        var error = Assert.Throws<SettingsException>(() => FunctionCatalog.Create(function, variables.GetValueOrDefault));
        Assert.Contains($"Set it to {wanted}", Assert.Single(error.Errors), StringComparison.Ordinal);
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
            () => BuiltIn.Read(name => variables.GetValueOrDefault(name), FunctionNeeds.Inbox));
        Assert.Contains("432", Assert.Single(error.Errors), StringComparison.Ordinal);

        // What is not said is what the template has.
        variables.Remove("QUEUE_RETENTION_HOURS");
        Assert.Contains(
            "432",
            Assert.Single(Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox)).Errors),
            StringComparison.Ordinal);
        variables["PROCESSED_RETENTION_HOURS"] = "432";
        Assert.Equal(TimeSpan.FromDays(18), BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox).Consumer.RememberedFor);

        variables["INBOX_FAILED_RETENTION_HOURS"] = "431";
        var failed = Assert.Single(
            Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox)).Errors);
        Assert.StartsWith("INBOX_FAILED_RETENTION_HOURS is 431, but a message can come back for 432 hours", failed, StringComparison.Ordinal);
        variables["INBOX_FAILED_RETENTION_HOURS"] = "432";
        Assert.Equal(
            TimeSpan.FromDays(18), BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox).Maintenance.InboxFailedRetention);
    }

    [Fact]
    public void A_memory_shorter_than_a_stream_and_its_dead_letters_is_refused()
    {
        var variables = new Dictionary<string, string>
        {
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["BROKER"] = "nats",
            ["NATS_URL"] = "nats://127.0.0.1:4222",
            ["NATS_STREAM_MAX_AGE_HOURS"] = "200",
        };
        var error = Assert.Throws<SettingsException>(
            () => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox | FunctionNeeds.Stream));
        Assert.Contains("536 hours (NATS_STREAM_MAX_AGE_HOURS", Assert.Single(error.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_knows_an_id_for_longer_than_a_lease_and_the_longest_delay_and_keeps_messages_as_long_at_least()
    {
        var variables = new Dictionary<string, string>
        {
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["BROKER"] = "nats",
            ["NATS_URL"] = "nats://127.0.0.1:4222",
            ["RELAY_LEASE_SECONDS"] = "3600",
            ["NATS_STREAM_MAX_AGE_HOURS"] = "2",
        };
        var settings = BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Setup);
        Assert.True(((NatsSettings)settings.Broker!).Stream.DuplicateWindow > settings.Relay.Lease + settings.Relay.LongestRetryDelay);

        variables["NATS_STREAM_MAX_AGE_HOURS"] = "1";
        var error = Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Setup));
        Assert.StartsWith("NATS_STREAM_MAX_AGE_HOURS is 1", Assert.Single(error.Errors), StringComparison.Ordinal);
        Assert.Contains("RELAY_LEASE_SECONDS", error.Errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Sent_rows_are_kept_for_a_day_at_least()
    {
        var variables = new Dictionary<string, string> { ["OUTBOX_TABLE"] = "outbox", ["INBOX_TABLE"] = "inbox", ["SENT_RETENTION_HOURS"] = "23" };
        var error = Assert.Throws<SettingsException>(() => BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox));
        Assert.Contains("SENT_RETENTION_HOURS", Assert.Single(error.Errors), StringComparison.Ordinal);
        variables.Remove("SENT_RETENTION_HOURS");
        Assert.True(BuiltIn.Read(variables.GetValueOrDefault, FunctionNeeds.Inbox).Maintenance.SentRetention >= TimeSpan.FromHours(24));
    }
}
