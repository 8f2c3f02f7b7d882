using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Operations;

namespace Relaybox.DynamoDb;

/// <summary>
/// Compares the time that DynamoDB tells with each answer with this machine's: each writer and each function goes by its own clock, which has
/// to agree with those of the others.
/// </summary>
internal sealed class DynamoDbClockCheck(IAmazonDynamoDB dynamoDb, DynamoDbSettings settings, TimeProvider time) : IDoctorCheck
{
    // The time in an answer has whole seconds.
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public string Name => ClockSkew.Name;

    /// <inheritdoc />
    public string Passed => "This machine's clock agrees with AWS.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        if (dynamoDb is not AmazonServiceClient client)
        {
            return [Finding.Unknown(Name, "The client does not tell the service's time.")];
        }

        DateTimeOffset? told = null;
        client.AfterResponseEvent += Read;
        try
        {
            var before = time.GetUtcNow();
            await dynamoDb.GetItemAsync(
                new GetItemRequest
                {
                    TableName = settings.JobsTable,
                    Key = new Dictionary<string, AttributeValue> { [Attributes.Job] = Values.S("clock") },
                },
                cancellationToken);
            return told is { } service
                ? ClockSkew.Judge(before - Precision, service, time.GetUtcNow(), "AWS")
                : [Finding.Unknown(Name, "DynamoDB does not tell its time.")];
        }
        finally
        {
            client.AfterResponseEvent -= Read;
        }

        void Read(object sender, ResponseEventArgs answer)
        {
            if ((answer as WebServiceResponseEventArgs)?.ResponseHeaders.FirstOrDefault(
                    header => header.Key.Equals("Date", StringComparison.OrdinalIgnoreCase)).Value is { } text
                && DateTimeOffset.TryParseExact(text, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
            {
                told = date;
            }
        }
    }
}
