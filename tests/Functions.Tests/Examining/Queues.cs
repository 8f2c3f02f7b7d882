using Relaybox.Functions.Tests.Support;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>The queues of a test, as template.yaml makes them.</summary>
internal static class Queues
{
    internal static async Task MakeAsInTemplateAsync(FunctionWorld world)
    {
        await world.Sqs.SetQueueAttributesAsync(
            world.QueueUrl,
            new Dictionary<string, string>
            {
                ["RedrivePolicy"] = Policy(await ArnAsync(world, world.DeadLetterQueueUrl), 10), ["VisibilityTimeout"] = "190",
                ["MessageRetentionPeriod"] = "345600",
            });
        await world.Sqs.SetQueueAttributesAsync(
            world.DeadLetterQueueUrl, new Dictionary<string, string> { ["MessageRetentionPeriod"] = "1209600" });
    }

    internal static string Policy(string arn, int receives) => $$"""{"deadLetterTargetArn":"{{arn}}","maxReceiveCount":"{{receives}}"}""";

    internal static async Task<string> ArnAsync(FunctionWorld world, string url) =>
        (await world.Sqs.GetQueueAttributesAsync(url, ["QueueArn"])).Attributes["QueueArn"];
}
