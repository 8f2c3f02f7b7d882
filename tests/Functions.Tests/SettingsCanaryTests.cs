using System.Globalization;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Settings;

namespace Relaybox.Functions.Tests;

/// <summary>Somebody puts a secret into the wrong setting, or writes it without its escapes: no error ever repeats it.</summary>
public sealed class SettingsCanaryTests
{
    private const string Secret = "c4nary!c0ffee+4711";

    private const FunctionNeeds Everything =
        FunctionNeeds.Publisher | FunctionNeeds.Inbox | FunctionNeeds.Jobs | FunctionNeeds.Consumer | FunctionNeeds.Setup | FunctionNeeds.Stream;

    private static readonly (string Store, string Broker)[] Stacks =
        [("dynamodb", "sqs"), ("postgres", "nats"), ("mongodb", "sqs"), ("mysql", "nats"), ("redis", "sqs")];

    // What stands at {0} is taken for a host, a path, an option, a port, a name, or a number by somebody who splits in the wrong place.
    private static readonly string[] Shapes =
    [
        "{0}", "1{0}", "relay:{0}", "/nowhere/{0}", "a,{0}", "a;{0}", "arn:aws:sqs:eu:1:{0}", "{{\"password\":\"{0}\"}}",
        "postgres://relay:77/{0}@127.0.0.1:1/app", "postgres://relay:77?{0}@127.0.0.1:1/app", "postgres://relay:77#{0}@127.0.0.1:1/app",
        "postgres://relay:77@{0}@127.0.0.1:1/app", "postgres://relay:50%{0}@127.0.0.1:1/app", "postgres://relay:{0}", "postgres://relay:{0}/app",
        "postgres://relay@127.0.0.1:1/{0}", "postgres://{0}@127.0.0.1:1/app", "postgres://relay:{0}@127.0.0.1:1/app",
        "postgres://relay@127.0.0.1:1/app?{0}", "postgres://relay@127.0.0.1:1/app?{0}=1", "postgres://relay@127.0.0.1:1/app?sslmode={0}",
        "postgres://relay@127.0.0.1:1,{0}/app", "postgres:/relay:{0}@127.0.0.1/app", "Host=127.0.0.1;Port=1;Username=u;Password=a;{0}=1",
        "Host={0};Port=1;Username=u", "Host=127.0.0.1;Port={0}", "Host=127.0.0.1;Port=1;Username=u;Database={0}",
        "Host=127.0.0.1;Port=1;Username={0}",
        "mysql://relay:77/{0}@127.0.0.1:1/app", "mysql://relay:77?{0}@127.0.0.1:1/app", "mysql://relay:77#{0}@127.0.0.1:1/app",
        "mysql://relay:77@{0}@127.0.0.1:1/app", "mysql://relay:50%{0}@127.0.0.1:1/app", "mysql://relay:{0}", "mysql://relay:{0}/app",
        "mysql://relay@127.0.0.1:1/{0}", "mysql://{0}@127.0.0.1:1/app", "mysql://relay:{0}@127.0.0.1:1/app",
        "mysql://relay@127.0.0.1:1/app?{0}", "mysql://relay@127.0.0.1:1/app?{0}=1", "mysql://relay@127.0.0.1:1/app?ssl-mode={0}",
        "mysql://relay@127.0.0.1:1,{0}/app", "mysql:/relay:{0}@127.0.0.1/app", "Server=127.0.0.1;Port=1;User ID=u;Password=a;{0}=1",
        "Server={0};Port=1;User ID=u", "Server=127.0.0.1;Port={0}", "Server=127.0.0.1;Port=1;User ID=u;Database={0}",
        "redis://relay:77/{0}@127.0.0.1:1/0", "redis://relay:77?{0}@127.0.0.1:1/0", "redis://relay:77#{0}@127.0.0.1:1/0",
        "redis://relay:77@{0}@127.0.0.1:1/0", "redis://relay:50%{0}@127.0.0.1:1/0", "redis://relay:{0}", "redis://relay:{0}/0",
        "redis://127.0.0.1:1/{0}", "redis://{0}@127.0.0.1:1/0", "redis://relay:{0}@127.0.0.1:1/0", "redis://127.0.0.1:1/0?{0}",
        "redis://127.0.0.1:1/0?{0}=1", "redis://127.0.0.1:1/0?sentinel={0}", "redis://127.0.0.1:1,{0}/0", "redis:/relay:{0}@127.0.0.1/0",
        "127.0.0.1:1,password={0}", "127.0.0.1:1,{0}=1",
        "mongodb://relay:77/{0}@127.0.0.1:1/app", "mongodb://relay:77?{0}@127.0.0.1:1/app", "mongodb://relay:77#{0}@127.0.0.1:1/app",
        "mongodb://relay:77@{0}@127.0.0.1:1/app", "mongodb://relay:50%{0}@127.0.0.1:1/app", "mongodb://relay:{0}", "mongodb://relay:{0}/app",
        "mongodb://127.0.0.1:1/{0}", "mongodb://{0}@127.0.0.1:1/app", "mongodb://relay:{0}@127.0.0.1:1/app", "mongodb://127.0.0.1:1/app?{0}",
        "mongodb://127.0.0.1:1/app?{0}=1", "mongodb://127.0.0.1:1/app?tls={0}", "mongodb://127.0.0.1:1/app?replicaSet={0}",
        "mongodb://127.0.0.1:1,{0}/app", "mongodb://relay:{0}@127.0.0.1:1/app?authSource={0}", "mongodb://127.0.0.1:1/app?readPreference={0}",
        "mongodb+srv://relay:{0}@127.0.0.1/app", "mongodb:/relay:{0}@127.0.0.1/app",
        "nats://relay:77/{0}@127.0.0.1:1", "nats://relay:77?{0}@127.0.0.1:1", "nats://relay:77#{0}@127.0.0.1:1", "nats://relay:77@{0}@127.0.0.1:1",
        "nats://relay:1,{0}@127.0.0.1:1", "nats://relay:{0}", "nats://{0}@127.0.0.1:1", "nats://relay:{0}@127.0.0.1:1", "nats://127.0.0.1:1/{0}",
        "https://relay:{0}@h/1/q", "https://h/1/q?{0}", "https://h/1/q#{0}",
    ];

    /// <summary>Every setting that a function reads, on each store and broker.</summary>
    public static TheoryData<string> Names
    {
        get
        {
            var names = new SortedSet<string>(StringComparer.Ordinal) { FunctionProcess.NameVariable };
            foreach (var (store, broker) in Stacks)
            {
                Record.Exception(() => BuiltIn.Read(
                    name =>
                    {
                        names.Add(name);
                        return name switch
                        {
                            "STORE" => store,
                            "BROKER" => broker,
                            _ => null,
                        };
                    },
                    Everything));
            }

            return [.. names];
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_error_repeats_what_a_setting_holds(string name)
    {
        foreach (var (store, broker) in Stacks)
        {
            foreach (var shape in Shapes)
            {
                var variables = Variables(store, broker);
                variables[name] = string.Format(CultureInfo.InvariantCulture, shape, Secret);
                var wrong = Record.Exception(() => BuiltIn.Read(variables.GetValueOrDefault, Everything));
                Assert.True(wrong is null or SettingsException, $"{name} {shape}: {wrong}");
                Tells(name, shape, wrong);
                if (name == FunctionProcess.NameVariable)
                {
                    Tells(name, shape, Assert.Throws<SettingsException>(() => FunctionCatalog.Create(variables[name], variables.GetValueOrDefault)));
                }
            }
        }
    }

    /// <summary>What passes the checks is refused by nobody, and the connection fails.</summary>
    [Theory]
    [InlineData("SweepRelay", "postgres", "sqs", "DATABASE_URL")]
    [InlineData("SweepRelay", "mongodb", "sqs", "MONGODB_URI")]
    [InlineData("SweepRelay", "mysql", "sqs", "DATABASE_URL")]
    [InlineData("SweepRelay", "redis", "sqs", "REDIS_URL")]
    [InlineData("Setup", "dynamodb", "nats", "NATS_URL")]
    public async Task No_failed_connection_repeats_it_either(string function, string store, string broker, string name)
    {
        // As a function has it; without it the SDK builds no client.
        Environment.SetEnvironmentVariable("AWS_REGION", "us-east-1");
        var connected = 0;
        foreach (var shape in Shapes.Where(shape => shape.Contains("127.0.0.1", StringComparison.Ordinal)))
        {
            var variables = Variables(store, broker);
            variables[name] = string.Format(CultureInfo.InvariantCulture, shape, Secret);
            Tells(name, shape, await Record.ExceptionAsync(async () =>
            {
                var handler = FunctionCatalog.Create(function, variables.GetValueOrDefault);
                connected++;
                using var input = new MemoryStream("{}"u8.ToArray());
                await handler(input, new FakeLambdaContext(TimeSpan.FromSeconds(1.5)));
            }));
        }

        Assert.InRange(connected, 2, 12);
    }

    private static void Tells(string name, string shape, Exception? exception)
    {
        foreach (var part in new[] { Secret, Secret[..8], Secret[^8..], "c0ffee" })
        {
            Assert.False(exception?.ToString().Contains(part, StringComparison.OrdinalIgnoreCase) == true, $"{name} {shape}: {exception}");
        }
    }

    private static Dictionary<string, string> Variables(string store, string broker)
    {
        var variables = new Dictionary<string, string>
        {
            ["STORE"] = store,
            ["BROKER"] = broker,
            ["OUTBOX_TABLE"] = "outbox",
            ["INBOX_TABLE"] = "inbox",
            ["JOBS_TABLE"] = "jobs",
            ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
            ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead",
            ["NATS_URL"] = "nats://127.0.0.1:1",
        };
        switch (store)
        {
            case "postgres":
                variables["DATABASE_URL"] = "postgres://relay@127.0.0.1:1/app";
                break;
            case "mongodb":
                variables["MONGODB_URI"] = "mongodb://127.0.0.1:1/app";
                break;
            case "mysql":
                variables["DATABASE_URL"] = "mysql://relay@127.0.0.1:1/app";
                break;
            case "redis":
                variables["REDIS_URL"] = "redis://127.0.0.1:1/0";
                break;
        }

        return variables;
    }
}
