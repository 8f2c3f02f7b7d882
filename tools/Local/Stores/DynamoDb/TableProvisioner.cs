using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Stores.DynamoDb;

/// <summary>Creates the tables of a stack in an empty emulator.</summary>
internal sealed class TableProvisioner(AwsJsonClient dynamoDb)
{
    /// <summary>Returns when every table can be used.</summary>
    public async Task CreateAsync(IEnumerable<TableDefinition> tables, CancellationToken cancellationToken)
    {
        foreach (var table in tables)
        {
            await CreateAsync(table, cancellationToken);
        }
    }

    private async Task CreateAsync(TableDefinition table, CancellationToken cancellationToken)
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

        await dynamoDb.CallAsync("CreateTable", request, cancellationToken);
        while ((string?)(await DescribeAsync(table.Name, cancellationToken))["TableStatus"] != "ACTIVE")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        if (table.TimeToLiveAttribute is { } attribute)
        {
            var specification = new JsonObject { ["AttributeName"] = attribute, ["Enabled"] = true };
            await dynamoDb.CallAsync(
                "UpdateTimeToLive", new JsonObject { ["TableName"] = table.Name, ["TimeToLiveSpecification"] = specification }, cancellationToken);
        }
    }

    private async Task<JsonObject> DescribeAsync(string name, CancellationToken cancellationToken) =>
        (await dynamoDb.CallAsync("DescribeTable", new JsonObject { ["TableName"] = name }, cancellationToken))["Table"]!.AsObject();
}
