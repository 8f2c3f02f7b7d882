using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Provisioning;

/// <summary>Creates the tables and queues of a stack in empty emulators.</summary>
/// <param name="dynamoDb">Null where the stack has no tables.</param>
internal sealed class StackProvisioner(AwsJsonClient? dynamoDb, AwsJsonClient sqs)
{
    private AwsJsonClient DynamoDb => dynamoDb ?? throw new RunnerException("The template has tables, and its Store is not dynamodb.");

    /// <summary>Returns when everything can be used.</summary>
    public async Task CreateAsync(StackDefinition stack, CancellationToken cancellationToken)
    {
        foreach (var table in stack.Tables)
        {
            await CreateTableAsync(table, cancellationToken);
        }

        // A redrive policy must point to a queue that exists.
        foreach (var queue in stack.Queues.OrderBy(queue => queue.DeadLetterTargetArn is not null))
        {
            await CreateQueueAsync(queue, cancellationToken);
        }
    }

    private async Task CreateTableAsync(TableDefinition table, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["TableName"] = table.Name, ["BillingMode"] = "PAY_PER_REQUEST" };
        foreach (var name in new[] { "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes" })
        {
            if (table.Properties[name] is { } value)
            {
                request[name] = value.DeepClone();
            }
        }

        // Capacity is a matter of the account; on-demand tables refuse it.
        foreach (var index in (request["GlobalSecondaryIndexes"] as JsonArray ?? []).OfType<JsonObject>())
        {
            index.Remove("ProvisionedThroughput");
            index.Remove("OnDemandThroughput");
            index.Remove("ContributorInsightsSpecification");
        }

        if (table.StreamViewType is { } viewType)
        {
            request["StreamSpecification"] = new JsonObject { ["StreamEnabled"] = true, ["StreamViewType"] = viewType };
        }

        await DynamoDb.CallAsync("CreateTable", request, cancellationToken);
        while ((string?)(await DescribeTableAsync(table.Name, cancellationToken))["TableStatus"] != "ACTIVE")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        if (table.TimeToLiveAttribute is { } attribute)
        {
            var specification = new JsonObject { ["AttributeName"] = attribute, ["Enabled"] = true };
            await DynamoDb.CallAsync(
                "UpdateTimeToLive", new JsonObject { ["TableName"] = table.Name, ["TimeToLiveSpecification"] = specification }, cancellationToken);
        }
    }

    private async Task<JsonObject> DescribeTableAsync(string name, CancellationToken cancellationToken) =>
        (await DynamoDb.CallAsync("DescribeTable", new JsonObject { ["TableName"] = name }, cancellationToken))["Table"]!.AsObject();

    private async Task CreateQueueAsync(QueueDefinition queue, CancellationToken cancellationToken)
    {
        var attributes = new JsonObject();
        foreach (var (name, value) in queue.Attributes)
        {
            attributes[name] = value;
        }

        var created = await sqs.CallAsync("CreateQueue", new JsonObject { ["QueueName"] = queue.Name, ["Attributes"] = attributes }, cancellationToken);
        if ((string?)created["QueueUrl"] != queue.Url)
        {
            throw new InvalidOperationException($"The queue {queue.Name} has the URL {created["QueueUrl"]}, not {queue.Url}.");
        }
    }
}
