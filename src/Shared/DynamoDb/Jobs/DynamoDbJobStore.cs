using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Maintenance;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Jobs in a DynamoDB table: one item each, changed only under its token.</summary>
/// <param name="dynamoDb">The client.</param>
/// <param name="tableName">The jobs table's name.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of tokens.</param>
internal sealed class DynamoDbJobStore(IAmazonDynamoDB dynamoDb, string tableName, TimeProvider time, IEntropy entropy) : IJobStore
{
    /// <inheritdoc />
    public async Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = entropy.NewGuid().ToString("N");
        try
        {
            var response = await dynamoDb.UpdateItemAsync(
                new UpdateItemRequest
                {
                    TableName = tableName,
                    Key = Key(job),
                    UpdateExpression = "SET claimToken = :token, leaseUntil = :until",
                    ConditionExpression = "attribute_not_exists(leaseUntil) OR leaseUntil <= :now OR claimToken = :token",
                    ExpressionAttributeValues = new()
                    {
                        [":token"] = Values.S(token),
                        [":now"] = Values.Time(now),
                        [":until"] = Values.Time(now + lease),
                    },
                    ReturnValues = ReturnValue.ALL_NEW,
                },
                cancellationToken);
            return new JobLease(job, token, response.Attributes.GetString(Attributes.Cursor));
        }
        catch (ConditionalCheckFailedException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public async Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var values = new Dictionary<string, AttributeValue>
        {
            [":token"] = Values.S(lease.Token),
            [":until"] = Values.Time(time.GetUtcNow() + duration),
        };
        if (cursor is not null)
        {
            values[":cursor"] = Values.S(cursor);
        }

        try
        {
            await dynamoDb.UpdateItemAsync(
                new UpdateItemRequest
                {
                    TableName = tableName,
                    Key = Key(lease.Job),
                    UpdateExpression = cursor is null
                        ? "SET leaseUntil = :until REMOVE #cursor"
                        : "SET leaseUntil = :until, #cursor = :cursor",
                    ConditionExpression = "claimToken = :token",
                    ExpressionAttributeNames = new() { ["#cursor"] = Attributes.Cursor },
                    ExpressionAttributeValues = values,
                },
                cancellationToken);
            return true;
        }
        catch (ConditionalCheckFailedException)
        {
            return false;
        }
    }

    /// <inheritdoc />
    public async Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        try
        {
            await dynamoDb.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = tableName,
                    Key = Key(lease.Job),
                    ConditionExpression = "claimToken = :token",
                    ExpressionAttributeValues = new() { [":token"] = Values.S(lease.Token) },
                },
                cancellationToken);
            return true;
        }
        catch (ConditionalCheckFailedException)
        {
            return false;
        }
    }

    /// <inheritdoc />
    public async Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken)
    {
        var response = await dynamoDb.GetItemAsync(
            new GetItemRequest { TableName = tableName, Key = Key(job), ConsistentRead = true }, cancellationToken);
        return response.Item is { Count: > 0 } item ? Read(item) : null;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var records = new List<JobRecord>();
        var request = new ScanRequest
        {
            TableName = tableName,
            ConsistentRead = true,
            FilterExpression = "begins_with(job, :prefix)",
            ExpressionAttributeValues = new() { [":prefix"] = Values.S(prefix) },
        };
        do
        {
            var page = await dynamoDb.ScanAsync(request, cancellationToken);
            records.AddRange((page.Items ?? []).Select(Read));
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });

        return records;
    }

    private static JobRecord Read(Dictionary<string, AttributeValue> item) =>
        new(item.GetString(Attributes.Job)!, item.GetString(Attributes.Cursor));

    private static Dictionary<string, AttributeValue> Key(string job) => new(1) { [Attributes.Job] = Values.S(job) };
}
