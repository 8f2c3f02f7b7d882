using Amazon.Runtime;
using Amazon.S3;
using Relaybox.Functions.Tests.Support;
using Relaybox.Settings;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with the claim check is planted, and found. An emulator stands for S3.</summary>
public sealed class ClaimCheckDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task A_bucket_that_is_there_is_no_problem_and_one_that_is_not_there_is_found()
    {
        await using var world = await CreateAsync();
        (await Examination.OfAsync(world)).AssertHealthy();

        world.Set("CLAIM_CHECK_BUCKET", "nobodys-bucket");
        var found = (await Examination.OfAsync(world)).AssertOnly("payloads.failed");
        Assert.Contains("CLAIM_CHECK_BUCKET", found.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_no_buckets_is_refused_at_start() => Assert.Contains(
        "CLAIM_CHECK_BUCKET",
        Assert.Throws<SettingsException>(() => DeployedSettings.With(("CLAIM_CHECK_BUCKET", "Not_A_Bucket"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task A_threshold_above_what_the_queue_takes_is_found()
    {
        await using var world = await CreateAsync();
        world.Set("CLAIM_CHECK_THRESHOLD_BYTES", "1048576");
        (await Examination.OfAsync(world)).AssertOnly("settings.claim-check-threshold");
    }

    [Fact]
    public async Task Payloads_that_expire_before_their_messages_stop_coming_back_are_found()
    {
        await using var world = await CreateAsync();
        world.Set("CLAIM_CHECK_RETENTION_DAYS", "24");
        var found = (await Examination.OfAsync(world)).AssertOnly("settings.payloads-expire");
        Assert.Contains("needed for 25 days", found.Text, StringComparison.Ordinal);

        world.Set("CLAIM_CHECK_RETENTION_DAYS", "25");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    /// <summary>Switches the claim check on, with a bucket of its own.</summary>
    /// <returns>A client of the bucket, which the caller disposes.</returns>
    internal static async Task<AmazonS3Client> SwitchOnAsync(FunctionWorld world, SqsEmulator emulator)
    {
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", emulator.Endpoint.ToString());
        var client = new AmazonS3Client(
            new BasicAWSCredentials("local", "local"),
            new AmazonS3Config { ServiceURL = emulator.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        var bucket = SqsEmulator.UniqueName("payloads");
        await client.PutBucketAsync(bucket, TestContext.Current.CancellationToken);
        world.Set("CLAIM_CHECK_BUCKET", bucket);
        return client;
    }

    private async Task<FunctionWorld> CreateAsync()
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        world.Set("RELAY_TRIGGER", "schedule");
        await Queues.MakeAsInTemplateAsync(world);
        (await SwitchOnAsync(world, sqs)).Dispose();
        return world;
    }
}
