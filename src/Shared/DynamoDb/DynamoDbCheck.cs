using System.Net;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Operations;

namespace Relaybox.DynamoDb;

/// <summary>Whether the tables are there, with their keys, the index, the stream and the expiry.</summary>
internal sealed class DynamoDbCheck(IAmazonDynamoDB dynamoDb, DynamoDbSettings settings) : IDoctorCheck
{
    private const string Deploy = "Deploy the stack again, whose template.yaml has the table as it has to be.";

    /// <inheritdoc />
    public string Name => "tables";

    /// <inheritdoc />
    public string Passed => "The tables are there, with their keys, the index, the stream and the expiry.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = new List<Finding>();
            if (await DescribeAsync("OUTBOX_TABLE", settings.Outbox.TableName, [Attributes.EventId], found, cancellationToken) is { } outbox)
            {
                found.AddRange(JudgeOutbox(outbox));
                found.AddRange(await JudgeExpiryAsync(settings.Outbox.TableName, cancellationToken));
            }

            if (settings.Inbox.TableName.Length > 0
                && await DescribeAsync(
                    "INBOX_TABLE", settings.Inbox.TableName, [Attributes.EventId, Attributes.Consumer], found, cancellationToken) is not null)
            {
                found.AddRange(await JudgeExpiryAsync(settings.Inbox.TableName, cancellationToken));
            }

            await DescribeAsync("JOBS_TABLE", settings.JobsTable, [Attributes.Job], found, cancellationToken);
            return found;
        }
        catch (AmazonDynamoDBException e) when (IsDenied(e))
        {
            return
            [
                Finding.Unknown(
                    "tables.unseen",
                    $"The user may not look at the tables ({e.ErrorCode}).",
                    "Grant dynamodb:DescribeTable and dynamodb:DescribeTimeToLive on them."),
            ];
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            return
            [
                Finding.Problem(
                    Doctor.StoreFailed,
                    $"DynamoDB cannot be used ({(e as AmazonServiceException)?.ErrorCode ?? e.GetType().Name}).",
                    "Check AWS_REGION, the credentials, AWS_ENDPOINT_URL_DYNAMODB if it is set, and the way to DynamoDB."),
            ];
        }
    }

    private async Task<TableDescription?> DescribeAsync(
        string variable, string name, string[] keys, List<Finding> found, CancellationToken cancellationToken)
    {
        TableDescription table;
        try
        {
            table = (await dynamoDb.DescribeTableAsync(new DescribeTableRequest { TableName = name }, cancellationToken)).Table;
        }
        catch (ResourceNotFoundException)
        {
            found.Add(Finding.Problem(
                "tables.missing",
                $"The table '{name}' ({variable}) is not there.",
                $"Set {variable} and AWS_REGION to those of the stack (aws dynamodb list-tables), or deploy the stack again."));
            return null;
        }

        if (!HasKeys(table.KeySchema, keys))
        {
            found.Add(Finding.Problem(
                "tables.other-key",
                $"The table '{name}' ({variable}) has another key than {string.Join(" and ", keys)}.",
                $"It is another table. Set {variable} to the stack's. {Deploy}"));
        }

        return table;
    }

    private IEnumerable<Finding> JudgeOutbox(TableDescription table)
    {
        if (table.GlobalSecondaryIndexes?.Find(index => index.IndexName == Attributes.DueIndex) is not { } due)
        {
            yield return Finding.Problem(
                "tables.index-missing",
                $"The table '{table.TableName}' has no index '{Attributes.DueIndex}': no row is found that is to be sent again, or is parked.",
                Deploy);
        }
        else if (!HasKeys(due.KeySchema, [Attributes.DueShard, Attributes.DueAt]))
        {
            yield return Finding.Problem(
                "tables.index-missing",
                $"The index '{Attributes.DueIndex}' of the table '{table.TableName}' has another key than {Attributes.DueShard} and "
                + $"{Attributes.DueAt}.",
                $"Delete the index. {Deploy}");
        }

        if (settings.Outbox.Trigger == RelayTrigger.Stream && table.StreamSpecification is not
            { StreamEnabled: true, StreamViewType.Value: "NEW_IMAGE" or "NEW_AND_OLD_IMAGES" })
        {
            yield return Finding.Problem(
                "tables.no-stream",
                $"RELAY_TRIGGER is stream, and the table '{table.TableName}' has no stream with new images: no new row is relayed.",
                $"{Deploy} By hand: aws dynamodb update-table --table-name {table.TableName} --stream-specification "
                + "StreamEnabled=true,StreamViewType=NEW_IMAGE. Without a stream: RelayTrigger=schedule.");
        }
    }

    private async Task<IEnumerable<Finding>> JudgeExpiryAsync(string name, CancellationToken cancellationToken)
    {
        var expiry = (await dynamoDb.DescribeTimeToLiveAsync(new DescribeTimeToLiveRequest { TableName = name }, cancellationToken))
            .TimeToLiveDescription;
        return expiry is { TimeToLiveStatus.Value: "ENABLED" or "ENABLING", AttributeName: Attributes.ExpiresAt }
            ? []
            :
            [
                Finding.Warning(
                    "tables.no-expiry",
                    $"The table '{name}' expires nothing by '{Attributes.ExpiresAt}': what is finished stays until Cleanup deletes it, which costs "
                    + "reads and writes.",
                    $"aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification "
                    + $"Enabled=true,AttributeName={Attributes.ExpiresAt}"),
            ];
    }

    private static bool HasKeys(List<KeySchemaElement>? schema, string[] keys) =>
        schema?.Select(element => element.AttributeName).SequenceEqual(keys, StringComparer.Ordinal) == true;

    private static bool IsDenied(AmazonDynamoDBException e) =>
        e.StatusCode == HttpStatusCode.Forbidden || e.ErrorCode?.Contains("AccessDenied", StringComparison.Ordinal) == true;
}
