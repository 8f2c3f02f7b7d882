using System.Text;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Relaybox.Functions.Tests.Examining;
using Relaybox.Functions.Tests.Support;
using Relaybox.Messaging;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>The functions with a bucket that is there, or is not. An emulator stands for S3.</summary>
public sealed class ClaimCheckTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    private static readonly string Large = $$"""{"orderId":"o-1","customer":"{{new string('c', 300_000)}}"}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_waits_in_the_due_index_without_an_attempt_while_S3_is_away_and_is_then_sent_and_handled_once()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        using var s3 = await ClaimCheckDoctorTests.SwitchOnAsync(world, sqs);
        var bucket = world.Get("CLAIM_CHECK_BUCKET")!;
        await s3.DeleteBucketAsync(bucket, Ct);
        await world.PutRowAsync("large", ("payload", Rows.S(Large)));
        await world.PutRowAsync("small");

        var input = Rows.StreamEvent(("100", Rows.Image("large", ("payload", new { S = Large }))), ("101", Rows.Image("small")));
        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        Assert.Equal("sent", (await world.RowAsync("small"))["status"].S);
        var waiting = await world.RowAsync("large");
        Assert.Equal(("pending", "payload.store-unavailable"), (waiting["status"].S, waiting["errorCode"].S));
        Assert.Contains("CLAIM_CHECK_BUCKET", waiting["errorMessage"].S, StringComparison.Ordinal);
        Assert.Equal("0", waiting.GetValueOrDefault("attempts")?.N ?? "0");
        Assert.True(waiting.ContainsKey("dueAt"));
        Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));

        await s3.PutBucketAsync(bucket, Ct);
        await Eventually.TrueAsync(
            async () =>
            {
                await world.InvokeAsync("SweepRelay", "{}");
                return (await world.RowAsync("large"))["status"].S == "sent";
            },
            "the sweep sends the row",
            TimeSpan.FromMinutes(1));
        var message = Assert.Single(await world.ReceiveAllAsync(world.QueueUrl));
        Assert.InRange(message.Body.Length, 1, 2_000);

        // The consumer has the same outage, and the same patience.
        await s3.DeleteObjectAsync(bucket, await KeyAsync(s3, bucket), Ct);
        await s3.DeleteBucketAsync(bucket, Ct);
        var delivery = Rows.SqsEvent(("m-1", message.Body));
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-1"}]}""", await world.InvokeAsync("Consume", delivery));
        }

        Assert.Empty(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        await s3.PutBucketAsync(bucket, Ct);
        var reference = PayloadReference.Of(bucket, Encoding.UTF8.GetBytes(Large));
        await s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = reference.Key, ContentBody = Large }, Ct);
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", delivery));
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", delivery));
        Assert.Equal("1", (await world.EffectAsync("large"))["applied"].N);
    }

    [Theory]
    [InlineData("jello", "payload.corrupt")]
    [InlineData("much longer than it says", "payload.corrupt")]
    [InlineData(null, "payload.missing")]
    public async Task What_is_not_the_payload_is_a_dead_letter_at_once(string? stored, string code)
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        using var s3 = await ClaimCheckDoctorTests.SwitchOnAsync(world, sqs);
        var reference = PayloadReference.Of(world.Get("CLAIM_CHECK_BUCKET")!, "hello"u8);
        if (stored is not null)
        {
            await s3.PutObjectAsync(new PutObjectRequest { BucketName = reference.Bucket, Key = reference.Key, ContentBody = stored }, Ct);
        }

        var body = JsonSerializer.Serialize(new
        {
            id = "e-1", subject = "orders.placed", payload = JsonDocument.Parse(reference.ToString()).RootElement,
            headers = new Dictionary<string, string> { [PayloadReference.HeaderName] = PayloadReference.HeaderValue },
        });
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", body), ("m-2", Rows.Envelope("e-2")))));

        var dead = Assert.Single(await world.ReceiveAllAsync(world.DeadLetterQueueUrl));
        Assert.Equal(code, dead.MessageAttributes["relaybox-error-code"].StringValue);
        Assert.Equal(body, dead.Body);
        Assert.Equal("1", (await world.EffectAsync("e-2"))["applied"].N);
        Assert.Empty(await world.EffectAsync("e-1"));
    }

    [Fact]
    public async Task A_row_that_the_queue_does_not_take_says_that_the_claim_check_would_carry_it()
    {
        await using var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("SQS_MAX_BATCH_BYTES", "100000");
        await world.PutRowAsync("large", ("payload", Rows.S(Large)));
        var input = Rows.StreamEvent(("100", Rows.Image("large", ("payload", new { S = Large }))));

        Assert.Equal(Rows.Success, await world.InvokeAsync("StreamRelay", input));

        var parked = await world.RowAsync("large");
        Assert.Equal(("failed", "publish.too-large"), (parked["status"].S, parked["errorCode"].S));
        Assert.Contains("CLAIM_CHECK_BUCKET", parked["errorMessage"].S, StringComparison.Ordinal);
    }

    private static async Task<string> KeyAsync(AmazonS3Client s3, string bucket) =>
        Assert.Single((await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, Ct)).S3Objects).Key;
}
