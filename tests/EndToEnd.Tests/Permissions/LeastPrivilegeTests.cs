using System.Text.Json.Nodes;
using Amazon.DynamoDBv2.Model;
using Relaybox.Local.Demo;
using Relaybox.Local.Permissions;
using Relaybox.Local.Processes;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Permissions;

/// <summary>
/// What each function is seen to call is what its role in template.yaml allows: a call beyond it is refused on the way to
/// the emulator, and what nobody calls must not be allowed. Emulators, not AWS.
/// </summary>
public sealed class LeastPrivilegeTests
{
    private const string BrokerSecret = "arn:aws:secretsmanager:eu-central-2:000000000000:secret:broker-LoCaLx";

    // What is allowed and cannot be seen here, with the reason. An entry that nothing needs is an error as well.
    private static readonly (string Action, string Functions, string Reason)[] Unseen =
    [
        ("logs:CreateLogStream", "", "Lambda writes the log; here it is standard output"),
        ("logs:PutLogEvents", "", "Lambda writes the log; here it is standard output"),
        ("kms:Decrypt", "", "the services use the key in the role's name; emulators do not encrypt"),
        ("kms:DescribeKey", "", "the services use the key in the role's name; emulators do not encrypt"),
        ("kms:Encrypt", "", "the services use the key in the role's name; emulators do not encrypt"),
        ("kms:GenerateDataKey", "", "the services use the key in the role's name; emulators do not encrypt"),
        ("ec2:AssignPrivateIpAddresses", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("ec2:CreateNetworkInterface", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("ec2:DeleteNetworkInterface", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("ec2:DescribeNetworkInterfaces", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("ec2:DescribeSubnets", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("ec2:UnassignPrivateIpAddresses", "", "Lambda makes the network interfaces; here there is no VPC"),
        ("dynamodb:ListStreams", "StreamRelay", "Lambda asks when the event source mapping is made, which the runner does not play"),
        ("sqs:GetQueueAttributes", "Consume", "Lambda asks when the event source mapping is made, which the runner does not play"),
        ("dynamodb:PutItem", "Consume PullConsume", "what a handler emits; the example's handler emits nothing"),
    ];

    private static readonly (string, string)[] Everything =
    [
        ("KmsKeyArn", "arn:aws:kms:eu-central-2:000000000000:key/tables"),
        ("SecretsKmsKeyArn", "arn:aws:kms:eu-central-2:000000000000:key/secrets"),
        ("VpcSubnetIds", "subnet-1"),
        ("VpcSecurityGroupIds", "sg-1"),
    ];

    private readonly HashSet<(string Function, Permission Permission)> _allowed = [];
    private readonly HashSet<(string Function, Permission Permission)> _used = [];

    [Fact]
    public async Task Every_function_calls_what_its_role_allows_and_nothing_else()
    {
        await UseDynamoDbAndSqsAsync();
        await UseDynamoDbAndNatsAsync();
        await UsePostgresAsync("nats", ownerSecret: true);
        await UsePostgresAsync("sqs", ownerSecret: false);

        var unused = _allowed.Where(
            allowed => !_used.Any(used => used.Function == allowed.Function && allowed.Permission.Covers(used.Permission))).ToList();
        var excused = unused.ToLookup(allowed => Unseen.FirstOrDefault(entry => Fits(entry, allowed)).Action);

        Assert.True(
            !excused[null!].Any(),
            "Allowed by template.yaml, and never called:\n" + string.Join('\n', excused[null!].Select(Line).Order()));
        Assert.True(
            Unseen.All(entry => unused.Any(allowed => Fits(entry, allowed))),
            "Excused for nothing:\n" + string.Join('\n', Unseen.Where(entry => !unused.Any(allowed => Fits(entry, allowed)))));
    }

    private static bool Fits((string Action, string Functions, string Reason) entry, (string Function, Permission Permission) allowed) =>
        entry.Action == allowed.Permission.Action && (entry.Functions.Length == 0 || entry.Functions.Split(' ').Contains(allowed.Function));

    private static string Line((string Function, Permission Permission) entry) => $"  {entry.Function}: {entry.Permission}";

    private async Task UseDynamoDbAndSqsAsync()
    {
        RunningStack? running = null;
        await using var stack = await StartAsync(
            configure: options => options with
            {
                BeforeCall = InterfereAsync,
                Properties = new Dictionary<string, string> { ["StreamRelayFunction.Events.Stream.Properties.MaximumRetryAttempts"] = "0" },
            },
            parameters: Everything);
        running = stack;
        var inbox = stack.Variable("INBOX_TABLE");
        var hourAgo = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds();

        // Handled, dead-lettered, parked; one is in progress elsewhere, and the claim of one is taken over in mid-commit.
        await stack.DynamoDb.PutItemAsync(inbox, Record("busy", "processing", ("claimToken", S("other")), ("leaseUntil", N(hourAgo + 7_200_000))));
        foreach (var eventId in new[] { "good", "busy", "stolen" })
        {
            await stack.WriteAsync(eventId);
        }

        await stack.WriteAsync("unhandled", ("subject", S("nobody.listens")));
        await stack.WriteAsync("unreadable", ("payload", S("7")));
        await stack.WriteAsync("bad", ("payload", N(7)));
        await stack.EffectsOfAsync(["good"]);
        await stack.RowWithStatusAsync("bad", "failed");
        await CalledAsync(stack, "Consume", "sqs:SendMessage", "sqs:ChangeMessageVisibility", "dynamodb:GetItem");

        // A relay that dies on a batch loses it to the failure queue.
        await stack.WriteAsync("deadly");
        await CalledAsync(stack, "StreamRelay", "sqs:SendMessage on arn:aws:sqs:eu-central-2:000000000000:relaybox-StreamFailureQueue");

        // What only the jobs find: a dead relay's claims, a record that nobody ends, a row without an index, and the past.
        await stack.WriteAsync(
            "left", ("status", S("publishing")), ("claimToken", S("dead")), ("dueShard", S("4")), ("dueAt", N(hourAgo)));
        await stack.DynamoDb.PutItemAsync(inbox, Record("abandoned", "processing", ("claimToken", S("dead")), ("leaseUntil", N(hourAgo))));
        await stack.WriteAsync("lost", ("status", S("publishing")), ("enqueuedAt", N(hourAgo)));
        await stack.WriteAsync("old", ("status", S("sent")), ("sentAt", N(1)));
        await stack.DynamoDb.PutItemAsync(inbox, Record("old", "processed", ("processedAt", N(1))));
        foreach (var job in new[] { "ResetStale", "Reconcile", "SweepRelay", "Cleanup" })
        {
            await stack.InvokeAsync(job);
        }

        // An operator looks, has the stack examined, shelves, purges, and cancels.
        await stack.OperateAsync("read", """{"command":"doctor"}""");
        await stack.OperateAsync("read", """{"command":"status"}""");
        Assert.Contains("bad", await stack.OperateAsync("read", """{"command":"list"}"""), StringComparison.Ordinal);
        await stack.OperateAsync("read", """{"command":"why","eventId":"bad"}""");
        Assert.Contains("done", await ActAsync(stack, "shelve"), StringComparison.Ordinal);
        Assert.Contains("cancelled", await ActAsync(stack, "purge", cancelFirst: true), StringComparison.Ordinal);
        Assert.Contains("done", await ActAsync(stack, "purge"), StringComparison.Ordinal);
        Assert.Empty(await stack.RowAsync("bad"));

        // The message that no handler can read is sent back with its attempts, and is dead again at once: once, although the confirmation is of
        // a time to come.
        await Eventually.TrueAsync(
            async () => (await stack.OperateAsync("read", """{"command":"list","of":"dead-letters","selection":"id:unreadable"}"""))
                .Contains("\"unreadable\"", StringComparison.Ordinal),
            $"it is dead. {stack.Output}",
            TimeSpan.FromMinutes(2));
        var redriven = await ActAsync(stack, "redrive", "unreadable", of: "dead-letters");
        Assert.True(redriven.Contains("\"applied\":1", StringComparison.Ordinal), redriven);

        Note(stack);

        async Task<int?> InterfereAsync(string function, ApiCall call)
        {
            if (function == "Consume" && call.Operation == "TransactWriteItems" && Mentions(call, "stolen"))
            {
                await TakeOverAsync(running!, "stolen");
            }
            else if (function == "StreamRelay" && call.Operation == "SendMessageBatch" && Mentions(call, "deadly"))
            {
                foreach (var pid in running!.Runner.Functions["StreamRelay"].Pids)
                {
                    Signals.Send(pid, Signals.Kill);
                }
            }

            return null;
        }
    }

    private async Task UseDynamoDbAndNatsAsync()
    {
        RunningStack? running = null;
        await using var stack = await StartAsync(
            configure: options => options with
            {
                BeforeCall = InterfereAsync,
                Secrets = BrokerSecrets,
                Environment = new Dictionary<string, string>(options.Environment) { ["PULL_SECONDS"] = "5" },
            },
            parameters: [("Broker", "nats"), ("NatsCredentialsSecretArn", BrokerSecret), .. Everything]);
        running = stack;
        await stack.WriteAsync("good");
        await stack.WriteAsync("stolen");
        await stack.RowWithStatusAsync("good", "sent");
        await stack.RowWithStatusAsync("stolen", "sent");
        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("PullConsume");
                return (await stack.EffectsAsync()).ContainsKey("good");
            },
            $"the effect. {stack.Output}",
            TimeSpan.FromMinutes(2));
        await CalledAsync(stack, "PullConsume", "dynamodb:GetItem");
        Assert.Contains("\"deadLetterCount\":0", await stack.OperateAsync("read", """{"command":"status"}"""), StringComparison.Ordinal);
        await stack.OperateAsync("read", """{"command":"doctor"}""");
        Note(stack);

        async Task<int?> InterfereAsync(string function, ApiCall call)
        {
            if (function == "PullConsume" && call.Operation == "TransactWriteItems" && Mentions(call, "stolen"))
            {
                await TakeOverAsync(running!, "stolen");
            }

            return null;
        }
    }

    private async Task UsePostgresAsync(string broker, bool ownerSecret)
    {
        (string, string)[] secrets = ownerSecret ? [] : [("DatabaseOwnerSecretArn", "")];
        (string, string)[] credentials = broker == "nats" ? [("NatsCredentialsSecretArn", BrokerSecret)] : [];
        await using var stack = await StartAsync(
            configure: options => options with
            {
                Secrets = BrokerSecrets,
                Environment = new Dictionary<string, string>(options.Environment) { ["PULL_SECONDS"] = "5", ["SWEEP_LISTEN_SECONDS"] = "0" },
            },
            parameters: [("Store", "postgres"), ("Broker", broker), .. secrets, .. credentials, .. Everything]);
        await using var app = stack.Runner.CreateDemoApp();
        await app.PrepareAsync(TestContext.Current.CancellationToken);
        Assert.True(await app.PlaceAsync(Order.Create(1, DateTimeOffset.UtcNow), TestContext.Current.CancellationToken));
        foreach (var job in new[] { "SweepRelay", "ResetStale", "Reconcile", "Cleanup", "Operate" })
        {
            await stack.InvokeAsync(job);
        }

        // As their schedules would: a busy machine may need more than one run.
        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("SweepRelay");
                await stack.InvokeAsync(broker == "nats" ? "PullConsume" : "Reconcile");
                return await app.CountEffectsAsync(TestContext.Current.CancellationToken) == 1;
            },
            $"the effect. {stack.Output}",
            TimeSpan.FromMinutes(2));
        Assert.Contains("\"deadLetterCount\":0", await stack.OperateAsync("read", """{"command":"status"}"""), StringComparison.Ordinal);
        await stack.OperateAsync("read", """{"command":"doctor"}""");
        Note(stack);
    }

    private static async Task<string> ActAsync(
        RunningStack stack, string action, string eventId = "bad", string of = "rows", bool cancelFirst = false)
    {
        var now = DateTimeOffset.UtcNow.AddMinutes(1).ToString("O", null);
        var begun = JsonNode.Parse(await stack.OperateAsync(
            "act",
            $$"""
            {"command":"begin","of":"{{of}}","action":"{{action}}","selection":"id:{{eventId}}","confirmedAt":"{{now}}","reason":"a test"}
            """))!;
        var id = (string?)begun["operation"]!["id"];
        if (cancelFirst)
        {
            await stack.OperateAsync("act", $$"""{"command":"cancel","operationId":"{{id}}"}""");
        }

        return await stack.OperateAsync("act", $$"""{"command":"run","of":"{{of}}","operationId":"{{id}}"}""");
    }

    private static Dictionary<string, string> BrokerSecrets => new() { [BrokerSecret] = """{"username":"relaybox","password":"correct-horse"}""" };

    private static bool Mentions(ApiCall call, string eventId) => call.Body.ToJsonString().Contains(eventId, StringComparison.Ordinal);

    // Another consumer claims the record, as it may once the lease has ended.
    private static Task TakeOverAsync(RunningStack stack, string eventId) => stack.DynamoDb.UpdateItemAsync(new UpdateItemRequest
    {
        TableName = stack.Variable("INBOX_TABLE"),
        Key = new() { ["eventId"] = S(eventId), ["consumer"] = S("default") },
        UpdateExpression = "SET claimToken = :other",
        ExpressionAttributeValues = new() { [":other"] = S("other") },
    });

    private static Dictionary<string, AttributeValue> Record(string eventId, string status, params (string Name, AttributeValue Value)[] more)
    {
        var item = new Dictionary<string, AttributeValue> { ["eventId"] = S(eventId), ["consumer"] = S("default"), ["status"] = S(status) };
        foreach (var (name, value) in more)
        {
            item[name] = value;
        }

        return item;
    }

    private static Task CalledAsync(RunningStack stack, string function, params string[] calls) => Eventually.TrueAsync(
        () => calls.All(call => stack.Runner.Permissions.Used.Any(
            used => used.Function == function && used.Permission.ToString().StartsWith(call, StringComparison.Ordinal))),
        $"{function} calls {string.Join(", ", calls)}. {stack.Output}",
        TimeSpan.FromMinutes(2));

    private void Note(RunningStack stack)
    {
        Assert.Empty(stack.Runner.Permissions.Refused);
        _allowed.UnionWith(stack.Runner.Permissions.Allowed);
        _used.UnionWith(stack.Runner.Permissions.Used);
    }
}
