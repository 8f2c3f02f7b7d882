using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MongoDB.Driver;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Messaging.Formats;
using Relaybox.MongoDb;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>
/// What others write, by class: each input is taken and comes out byte for byte, or is refused with a code and kept for an
/// operator; and what came with it in one batch is none the worse.
/// </summary>
public sealed class HostileInputTests
{
    private const int PerClass = 40;
    private const ulong Seed = 20_261_122;
    public static TheoryData<string> RowClasses => [.. HostileRows.Classes.Keys];

    public static TheoryData<string> BodyClasses => [.. HostileBodies.Classes.Keys];

    public static TheoryData<string> SettingClasses => [.. HostileSettings.Classes.Keys];

    public static TheoryData<string> MongoDbSettingClasses => [.. HostileSettings.MongoDbClasses.Keys];

    public static TheoryData<string> SecretClasses => [.. HostileSecrets.Classes.Keys];

    [Fact]
    public void There_are_enough_of_them()
    {
        string[] classes =
        [
            .. HostileRows.Classes.Keys, .. HostileBodies.Classes.Keys, .. HostileSettings.Classes.Keys, .. HostileSettings.MongoDbClasses.Keys,
            .. HostileSecrets.Classes.Keys,
        ];

        Figures.Print($"hostile inputs: {classes.Length * PerClass} in {classes.Length} classes");
        Assert.Distinct(classes);
        Assert.True(classes.Length >= 60 && classes.Length * PerClass >= 2_000, $"{classes.Length} classes");
    }

    [Theory, MemberData(nameof(RowClasses))]
    public async Task A_row_goes_round_as_it_is_or_is_parked(string name)
    {
        var formats = MessageFormats.Names.ToArray();
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var (row, i) in Sample(HostileRows.Classes[name]).Select((row, i) => (row, i)))
        {
            using var world = new HostileWorld(formats[i % formats.Length]);
            var image = Rows.Image("hostile", row.Fields);

            var answer = await world.RelayAsync(Rows.StreamEvent(("1", Rows.Image("before")), ("2", image), ("3", Rows.Image("after"))));

            Assert.Equal(Rows.Success, answer);
            string[] others = ["before", "after"];
            Assert.Equal(row.Outcome == HostileRow.Sent ? 3 : 2, world.Outbox.Sent.Count);
            Assert.Subset(world.Outbox.Sent.Select(mark => mark.EventId).ToHashSet(), others.ToHashSet());
            Assert.Equal(row.Outcome == HostileRow.Deferred ? 1 : 0, world.Outbox.Retries.Count);
            Assert.Equal(row.Outcome.Contains('.', StringComparison.Ordinal) ? [row.Outcome] : [], world.Outbox.Parks.Select(mark => mark.ErrorCode));

            Assert.Equal(Rows.Success, await world.DeliverAsync());
            Assert.Empty(world.Sqs.Dead);
            Assert.Equal(
                world.Outbox.Sent.Select(mark => mark.EventId).Order(StringComparer.Ordinal),
                world.Handled.Select(handled => handled.Context.EventId).Order(StringComparer.Ordinal));
            foreach (var (payload, context) in world.Handled.Where(handled => !others.Contains(handled.Context.EventId)))
            {
                AssertSame(image, payload, context);
            }
        }

        // The inputs themselves are still there, and buffers that are kept for the next.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - memory, long.MinValue, 192 * 1024 * 1024);
    }

    [Theory, MemberData(nameof(BodyClasses))]
    public async Task A_message_is_handled_as_it_is_or_goes_to_the_dead_letters(string name)
    {
        foreach (var hostile in Sample(HostileBodies.Classes[name]))
        {
            using var world = new HostileWorld("envelope");

            var answer = await world.ConsumeAsync(
                ("m-1", Rows.Envelope("before"), []), ("m-2", hostile.Body, hostile.Attributes), ("m-3", Rows.Envelope("after"), []));

            Assert.Equal(Rows.Success, answer);
            var handled = world.Handled.Where(message => message.Context.EventId is not ("before" or "after")).ToList();
            Assert.Equal(2, world.Handled.Count - handled.Count);
            if (hostile.Outcome == HostileBody.Handled)
            {
                Assert.Empty(world.Sqs.Dead);
                Assert.Equal(hostile.Payload, Assert.Single(handled).Payload);
                continue;
            }

            Assert.Empty(handled);
            var dead = Assert.Single(world.Sqs.Dead);
            Assert.Equal(
                (hostile.Outcome, "m-2", hostile.Body),
                (
                    dead.MessageAttributes["relaybox-error-code"].StringValue,
                    dead.MessageAttributes["relaybox-source-message-id"].StringValue,
                    dead.MessageBody));
        }
    }

    [Theory, MemberData(nameof(SettingClasses))]
    public void A_setting_is_refused_by_its_name(string name)
    {
        foreach (var (setting, value) in Sample(HostileSettings.Classes[name]))
        {
            AssertRefused(Dynamo(), setting, value);
        }
    }

    [Theory, MemberData(nameof(MongoDbSettingClasses))]
    public void A_setting_of_MongoDB_is_refused_by_its_name_and_never_repeated(string name)
    {
        foreach (var (setting, value) in Sample(HostileSettings.MongoDbClasses[name]))
        {
            AssertTellsNothing($"{setting} = '{value}'", AssertRefused(MongoDb(), setting, value).ToString());
        }
    }

    [Theory, MemberData(nameof(SecretClasses))]
    public void A_secret_of_MongoDB_is_used_or_refused_and_never_repeated(string name)
    {
        var options = new MongoConnectionOptions { SecretArn = MongoDb()["DATABASE_SECRET_ARN"] };
        foreach (var secret in Sample(HostileSecrets.Classes[name]))
        {
            AssertTellsNothing(secret, $"{MongoConnectionText.Check(new MongoConnectionOptions { Uri = secret })}");
            AssertTellsNothing(secret, $"{MongoConnectionText.Check(new MongoConnectionOptions { Uri = secret, Database = "app" })}");
            foreach (var with in new[] { options, options with { Database = "app" }, options with { Host = "127.0.0.1", Port = 1 } })
            {
                try
                {
                    var text = MongoConnectionText.FromSecret(secret, with);
                    using var client = new MongoClient(text.Settings);
                    var target = MongoTarget.Of(client.GetDatabase(text.Database), with);
                    AssertTellsNothing(secret, $"{text} {target} {with} {MongoFailureText.Describe(new TimeoutException(), target)}");
                }
                catch (SecretException e)
                {
                    Assert.Contains(with.SecretArn!, e.Message, StringComparison.Ordinal);
                    AssertTellsNothing(secret, e.ToString());
                }
            }
        }
    }

    [Fact]
    public void Hundreds_of_hostile_identifiers_are_refused_at_start()
    {
        var refused = 0;
        foreach (var setting in HostileSettings.Tables)
        {
            foreach (var value in HostileSettings.NoTableNames.Append("a").Append(new string('a', 256)))
            {
                AssertRefused(Dynamo(), setting, value);
                refused++;
            }
        }

        foreach (var setting in HostileSettings.PostgresNames)
        {
            foreach (var value in HostileSettings.Names.Append("1a").Append("a.b").Append("a-b").Append("pg_catalog").Append(new string('a', 64)))
            {
                if (value == "pg_catalog" && setting != "DATABASE_SCHEMA")
                {
                    continue;
                }

                AssertRefused(PostgresAndNats(), setting, value);
                refused++;
            }
        }

        foreach (var setting in HostileSettings.MySqlNames)
        {
            foreach (var value in HostileSettings.Names.Append("1a").Append("a.b").Append("a-b").Append(new string('a', 65)))
            {
                AssertRefused(MySql(), setting, value);
                refused++;
            }
        }

        AssertRefused(MySql(), "DATABASE_SCHEMA", "mysql");
        AssertRefused(MySql(), "DATABASE_SCHEMA", "INFORMATION_SCHEMA");
        AssertRefused(MySql(), "AFTER_SENDING", "archive");

        // A user is a name, and a host behind an '@'.
        var noUsers = HostileSettings.NoTableNames.Where(value => value != "out@box").Concat(["a@", "a@b c", "a@b@c", "a@'%'", new string('a', 81)]);
        foreach (var value in noUsers)
        {
            AssertRefused(MySql(), "DATABASE_FUNCTIONS_USER", value);
            refused++;
        }

        foreach (var setting in HostileSettings.RedisNames)
        {
            var noPrefixes = HostileSettings.Names.Where(value => !Relaybox.Redis.Bucket.IsPrefix(value));
            foreach (var value in noPrefixes.Append("1a").Append("{a}").Append(new string('a', 56)))
            {
                AssertRefused(Redis(), setting, value);
                refused++;
            }
        }

        AssertRefused(Redis(), "AFTER_SENDING", "archive");
        foreach (var value in new[] { "0", "257", "x", "-1", "1.5" })
        {
            AssertRefused(Redis(), "REDIS_BUCKETS", value);
        }

        foreach (var value in new[] { "replicas", "replicas:0", "replicas:10", "disk:", "disk:-1", "wait", "none:1" })
        {
            AssertRefused(Redis(), "REDIS_DURABILITY", value);
        }

        foreach (var value in new[] { "shop", "-1", "16", "0x1" })
        {
            AssertRefused(Redis(), "DATABASE_NAME", value);
        }

        foreach (var value in HostileSettings.NoTableNames.Where(value => !Relaybox.Redis.RedisUser.IsName(value))
            .Append("a:b").Append(new string('a', 81)))
        {
            AssertRefused(Redis(), "DATABASE_FUNCTIONS_USER", value);
            refused++;
        }

        foreach (var setting in HostileSettings.MongoDbNames)
        {
            var refusedNames = HostileSettings.Names.Where(value => value.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
                .Concat(["1a", "-a", "a.b", "system.users", "admin", "config", "local", new string('a', 56)]);
            foreach (var value in refusedNames)
            {
                AssertRefused(MongoDb(), setting, value);
                refused++;
            }
        }

        foreach (var (setting, allowed) in new[] { ("NATS_STREAM", "-_"), ("NATS_SUBJECT_PREFIX", "-_.") })
        {
            var refusedNames = HostileSettings.Names
                .Where(value => value.Any(c => !char.IsAsciiLetterOrDigit(c) && !allowed.Contains(c, StringComparison.Ordinal)))
                .Append("..")
                .Append(new string('a', 256));
            foreach (var value in refusedNames)
            {
                AssertRefused(PostgresAndNats(), setting, value);
                refused++;
            }
        }

        foreach (var (setting, value) in HostileSettings.Urls.SelectMany(setting => HostileSettings.QueueUrls.Select(value => (setting, value))))
        {
            AssertRefused(Dynamo(), setting, value);
            refused++;
        }

        Figures.Print($"hostile identifiers refused at start: {refused}");
        Assert.True(refused >= 500, $"There are only {refused}.");
    }

    private static T[] Sample<T>(Gen<T> inputs) => [.. inputs.Sample(PerClass, new Rnd(Seed), PerClass)];

    private static void AssertTellsNothing(string input, string output)
    {
        foreach (var part in HostileSecrets.Parts)
        {
            Assert.False(output.Contains(part, StringComparison.OrdinalIgnoreCase), $"{HostileText.Cut(input, 300)}\n{output}");
        }
    }

    private static SettingsException AssertRefused(Dictionary<string, string> variables, string setting, string value)
    {
        variables[setting] = value;
        const FunctionNeeds Needs = FunctionNeeds.Publisher | FunctionNeeds.Consumer | FunctionNeeds.Inbox | FunctionNeeds.Jobs;
        var error = Record.Exception(() => BuiltIn.Read(name => variables.GetValueOrDefault(name), Needs));
        var refusal = Assert.IsType<SettingsException>(error);
        Assert.True(refusal.Errors.Any(line => line.StartsWith(setting, StringComparison.Ordinal)), $"{setting} = '{value}': {refusal.Message}");
        return refusal;
    }

    private static Dictionary<string, string> Dynamo() => new()
    {
        ["OUTBOX_TABLE"] = "outbox",
        ["INBOX_TABLE"] = "inbox",
        ["JOBS_TABLE"] = "jobs",
        ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
        ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead.fifo",
    };

    private static Dictionary<string, string> MongoDb() => new(Dynamo())
    {
        ["STORE"] = "mongodb",
        ["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:db-AbCdEf",
    };

    private static Dictionary<string, string> MySql() => new(MongoDb()) { ["STORE"] = "mysql" };

    private static Dictionary<string, string> Redis() => new(MongoDb()) { ["STORE"] = "redis" };

    private static Dictionary<string, string> PostgresAndNats() => new()
    {
        ["STORE"] = "postgres",
        ["BROKER"] = "nats",
        ["NATS_URL"] = "tls://nats.example.com",
        ["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:db-AbCdEf",
    };

    private static void AssertSame(Dictionary<string, object?> image, string payload, Inbox.MessageContext context)
    {
        var row = JsonSerializer.SerializeToElement(image);
        string? Text(string name) => row.TryGetProperty(name, out var field) && field.TryGetProperty("S", out var text) ? text.GetString() : null;
        var headers = row.TryGetProperty("headers", out var map) && map.TryGetProperty("M", out var entries)
            ? entries.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetProperty("S").GetString()!)
            : [];
        Assert.Equal(
            (Text("eventId"), Text("subject"), Text("payload"), Text("orderingKey")),
            (context.EventId, context.Subject, payload, context.OrderingKey));
        Assert.Equal(
            headers.OrderBy(header => header.Key, StringComparer.Ordinal), context.Headers.OrderBy(header => header.Key, StringComparer.Ordinal));
    }
}
