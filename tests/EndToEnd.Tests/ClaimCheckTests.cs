using System.Text.Json.Nodes;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.S3;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests;

/// <summary>Large payloads through the whole stack, with the roles of template.yaml. Emulators (DynamoDB Local, fauxqs), not AWS.</summary>
public sealed class ClaimCheckTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqs")]
    [InlineData("nats")]
    public async Task Payloads_that_no_item_and_no_message_can_hold_have_their_effect_once(string broker)
    {
        await using var stack = await RunningStack.StartAsync(
            duplicatePercent: broker == "sqs" ? 20 : 0,
            configure: options => options with
            {
                Environment = new Dictionary<string, string>(options.Environment) { ["PULL_SECONDS"] = "5" },
            },
            parameters: [("Broker", broker), ("ClaimCheck", "true")]);
        using var s3 = CreateS3(stack);
        var bucket = stack.Variable("CLAIM_CHECK_BUCKET");

        // Written by the .NET writer, which puts them into the bucket itself; and by hand, for the relay to put there.
        var writer = new DynamoDbOutboxWriter(
            stack.DynamoDb, new DynamoDbOutboxOptions { TableName = stack.OutboxTable, ClaimCheck = new ClaimCheck(new S3PayloadStore(s3, bucket)) });
        foreach (var megabytes in new[] { 1, 3, 5 })
        {
            var eventId = $"writer-{megabytes}";
            await writer.CommitAsync(
                [], new OutboxEvent { EventId = eventId, Subject = "orders.placed", Payload = Order(eventId, megabytes << 20) }, Ct);
        }

        await stack.WriteAsync("relay", ("payload", S(Order("relay", 300_000))));
        await stack.WriteAsync("small");

        string[] ids = ["writer-1", "writer-3", "writer-5", "relay", "small"];
        await Eventually.TrueAsync(
            async () =>
            {
                if (broker == "nats")
                {
                    await stack.InvokeAsync("PullConsume");
                }

                return ids.All((await stack.EffectsAsync()).ContainsKey);
            },
            $"the effects. {stack.Output}",
            TimeSpan.FromMinutes(3));

        Assert.All(await stack.EffectsAsync(), effect => Assert.Equal(1, effect.Value));
        Assert.Equal(4, (await s3.ListObjectsV2Async(new() { BucketName = bucket }, Ct)).S3Objects.Count);
        Assert.Equal(300_000, PayloadSize(await stack.RowWithStatusAsync("relay", "sent")));

        // Functions were seen to use what their roles allow in the bucket. Else the writes of a replay are allowed there, and those of handlers
        // that emit events.
        Assert.DoesNotContain(
            "payloads.failed", await stack.OperateAsync("read", """{"command":"doctor"}"""), StringComparison.Ordinal);
        var consumer = broker == "sqs" ? "Consume" : "PullConsume";
        Assert.Equal(
            new[] { $"{consumer} s3:GetObject", "Operate s3:ListBucket", "StreamRelay s3:PutObject" }.Order(StringComparer.Ordinal),
            stack.Runner.Permissions.Used.Where(used => used.Permission.Action.StartsWith("s3:", StringComparison.Ordinal))
                .Select(used => $"{used.Function} {used.Permission.Action}").Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(
            new[]
            {
                $"{consumer} s3:GetObject", $"{consumer} s3:ListBucket", $"{consumer} s3:PutObject", "Operate s3:ListBucket",
                "Operate s3:PutObject", "StreamRelay s3:PutObject", "SweepRelay s3:PutObject",
            }.Order(StringComparer.Ordinal),
            stack.Runner.Permissions.Allowed.Where(allowed => allowed.Permission.Action.StartsWith("s3:", StringComparison.Ordinal))
                .Select(allowed => $"{allowed.Function} {allowed.Permission.Action}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_payload_that_is_gone_is_a_dead_letter_and_what_the_switch_is_off_for_is_parked()
    {
        await using (var stack = await RunningStack.StartAsync(parameters: [("ClaimCheck", "true")]))
        {
            await stack.WriteAsync("gone", Reference(PayloadReference.Of(stack.Variable("CLAIM_CHECK_BUCKET"), "gone"u8)));
            await stack.WriteAsync("foreign", Reference(PayloadReference.Of("another-bucket", "gone"u8)));
            await stack.RowWithStatusAsync("gone", "sent");
            Assert.Equal("payload.reference-foreign", (await stack.RowWithStatusAsync("foreign", "failed"))["errorCode"].S);
            using var sqs = new AmazonSQSClient(
                new BasicAWSCredentials("local", "local"),
                new AmazonSQSConfig { ServiceURL = stack.SqsEndpoint.ToString(), AuthenticationRegion = stack.Variable("AWS_REGION") });
            var dead = await Eventually.ValueAsync(
                () => sqs.ReceiveMessageAsync(
                    new ReceiveMessageRequest { QueueUrl = stack.Variable("DEAD_LETTER_QUEUE_URL"), MessageAttributeNames = ["All"] }, Ct),
                response => response.Messages is { Count: > 0 },
                $"the message is in the dead-letter queue. {stack.Output}");
            Assert.Equal("payload.missing", Assert.Single(dead.Messages).MessageAttributes["relaybox-error-code"].StringValue);
            Assert.Contains("AWSSDK.S3.dll", Loaded(stack, "Consume"), StringComparison.Ordinal);
        }

        await using var off = await RunningStack.StartAsync();
        await off.WriteAsync("reference", Reference(PayloadReference.Of("relaybox-payloadbucket", "gone"u8)));
        await off.WriteAsync("small");
        var parked = await off.RowWithStatusAsync("reference", "failed");
        Assert.Equal("payload.claim-check-off", parked["errorCode"].S);
        Assert.Contains("CLAIM_CHECK_BUCKET", parked["errorMessage"].S, StringComparison.Ordinal);
        await off.EffectsOfAsync(["small"]);
        Assert.All(
            new[] { "StreamRelay", "Consume" },
            function => Assert.DoesNotContain("S3.dll", Loaded(off, function), StringComparison.Ordinal));
        Assert.DoesNotContain(off.Runner.Permissions.Allowed, allowed => allowed.Permission.Action.StartsWith("s3:", StringComparison.Ordinal));
    }

    // Every file that the processes of a function have mapped: the assemblies are among them.
    private static string Loaded(RunningStack stack, string function) =>
        string.Join('\n', stack.Runner.Functions[function].Pids.Select(pid => File.ReadAllText($"/proc/{pid}/maps")));

    private static (string, AttributeValue)[] Reference(PayloadReference reference) =>
    [
        ("payload", S(reference.ToString())),
        ("headers", new AttributeValue { M = new() { [PayloadReference.HeaderName] = S(PayloadReference.HeaderValue) } }),
    ];

    private static string Order(string orderId, int bytes)
    {
        var order = new JsonObject { ["orderId"] = orderId, ["customer"] = "" };
        order["customer"] = new string('c', bytes - order.ToJsonString().Length);
        return order.ToJsonString();
    }

    private static int PayloadSize(Dictionary<string, AttributeValue> row) => row["payload"].S.Length;

    private static AmazonS3Client CreateS3(RunningStack stack) => new(
        new BasicAWSCredentials("local", "local"),
        new AmazonS3Config
        {
            ServiceURL = stack.SqsEndpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = stack.Variable("AWS_REGION"),
        });
}
