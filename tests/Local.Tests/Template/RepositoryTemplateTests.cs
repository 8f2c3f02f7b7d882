using Relaybox.Local.Stack;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Template;

/// <summary>The template that is deployed is the template that runs here.</summary>
public class RepositoryTemplateTests
{
    [Fact]
    public void It_loads_with_everything_the_runner_plays()
    {
        var stack = Load(new Dictionary<string, string>());

        Assert.Equal(["EffectsTable", "InboxTable", "JobsTable", "OutboxTable"], stack.Tables.Select(table => table.LogicalId).Order());
        Assert.Equal(
            ["DeadLetterQueue", "Queue", "ScheduleDeadLetterQueue", "StreamFailureQueue"], stack.Queues.Select(queue => queue.LogicalId).Order());
        Assert.Equal(
            ["Cleanup", "Consume", "Operate", "Reconcile", "ResetStale", "StreamRelay", "SweepRelay"],
            stack.Functions.Select(function => function.ShortName).Order());
        Assert.Equal(["act", "payload", "read"], stack.Function("Operate")!.Aliases.Order());
        Assert.Equal("expiresAt", stack.Table("OutboxTable")!.TimeToLiveAttribute);
        Assert.Equal("NEW_IMAGE", stack.Table("OutboxTable")!.StreamViewType);
        var stream = Assert.IsType<StreamEventDefinition>(stack.Function("StreamRelay")!.Events.Single());
        Assert.Equal("relaybox-OutboxTable", stream.TableName);
        Assert.True(stream.ReportBatchItemFailures && stream.BisectOnError);
        Assert.Equal(stack.Queue("StreamFailureQueue")!.Arn, stream.OnFailureQueueArn);
        Assert.Equal("http://127.0.0.1:1/000000000000/relaybox-Queue", stack.Function("StreamRelay")!.Environment["QUEUE_URL"]);
        Assert.All(
            stack.Functions.Where(function => function.Events[0] is ScheduleEventDefinition),
            function => Assert.NotNull(((ScheduleEventDefinition)function.Events[0]).Input));
    }

    [Fact]
    public void In_schedule_mode_the_stream_function_is_not_there()
    {
        var stack = Load(new Dictionary<string, string> { ["RelayTrigger"] = "schedule" });
        Assert.Null(stack.Function("StreamRelay"));
        Assert.Null(stack.Queue("StreamFailureQueue"));
        Assert.Equal("schedule", stack.Function("SweepRelay")!.Environment["RELAY_TRIGGER"]);
    }

    [Fact]
    public void With_a_claim_check_there_is_a_bucket_that_the_functions_know()
    {
        var stack = Load(new Dictionary<string, string> { ["ClaimCheck"] = "true" });
        Assert.Equal(["relaybox-payloadbucket"], stack.Buckets);
        Assert.All(stack.Functions, function => Assert.Equal("relaybox-payloadbucket", function.Environment["CLAIM_CHECK_BUCKET"]));
        Assert.Contains(
            stack.Function("StreamRelay")!.Grants!, grant => grant.ToString() == "s3:PutObject on arn:aws:s3:::relaybox-payloadbucket/payloads/*");

        // An event that a handler emits has to fit an item of DynamoDB, and any other store's row.
        Assert.True(MayStore("dynamodb"));
        Assert.False(MayStore("redis"));

        stack = Load(new Dictionary<string, string>());
        Assert.Empty(stack.Buckets);
        Assert.All(stack.Functions, function => Assert.DoesNotContain("CLAIM_CHECK_BUCKET", function.Environment.Keys));

        bool MayStore(string store) =>
            Load(new Dictionary<string, string> { ["ClaimCheck"] = "true", ["Store"] = store }).Function("Consume")!.Grants!
                .Any(grant => grant.ToString().StartsWith("s3:PutObject", StringComparison.Ordinal));
    }

    [Fact]
    public void The_functions_have_the_heap_limit_of_their_memory()
    {
        var stack = Load(new Dictionary<string, string> { ["RelayMemoryMB"] = "256" });

        Assert.Equal((256, "8000000"), Memory("SweepRelay"));
        Assert.Equal((1024, "38000000"), Memory("Consume"));
        Assert.Equal((512, "18000000"), Memory("Cleanup"));

        (int, string) Memory(string name) => (stack.Function(name)!.MemorySize, stack.Function(name)!.Environment["DOTNET_GCHeapHardLimit"]);
    }

    private static StackDefinition Load(IReadOnlyDictionary<string, string> parameters) => StackLoader.Load(
        File.ReadAllText(RepositoryRoot.Combine("template.yaml")), new StackOptions("relaybox", new Uri("http://127.0.0.1:1/"), parameters));
}
