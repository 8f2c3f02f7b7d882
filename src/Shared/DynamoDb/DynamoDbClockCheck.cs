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
internal sealed class DynamoDbClockCheck : IDoctorCheck
{
    // The time in an answer has whole seconds.
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    private readonly IAmazonDynamoDB _dynamoDb;
    private readonly DynamoDbSettings _settings;
    private readonly TimeProvider _time;
    private volatile string? _told;

    /// <param name="dynamoDb">The client, which other checks use at the same time.</param>
    /// <param name="settings">The tables.</param>
    /// <param name="time">This machine's clock.</param>
    public DynamoDbClockCheck(IAmazonDynamoDB dynamoDb, DynamoDbSettings settings, TimeProvider time)
    {
        (_dynamoDb, _settings, _time) = (dynamoDb, settings, time);

        // It listens for good. The client looks whether anybody listens, and then calls: if the listener goes in between, another's call fails.
        if (dynamoDb is AmazonServiceClient client)
        {
            client.AfterResponseEvent += Hear;
        }
    }

    /// <inheritdoc />
    public string Name => ClockSkew.Name;

    /// <inheritdoc />
    public string Passed => "This machine's clock agrees with AWS.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        if (_dynamoDb is not AmazonServiceClient)
        {
            return [Finding.Unknown(Name, "The client does not tell the service's time.")];
        }

        _told = null;
        var before = _time.GetUtcNow();
        await _dynamoDb.GetItemAsync(
            new GetItemRequest
            {
                TableName = _settings.JobsTable,
                Key = new Dictionary<string, AttributeValue> { [Attributes.Job] = Values.S("clock") },
            },
            cancellationToken);
        return DateTimeOffset.TryParseExact(_told, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var service)
            ? ClockSkew.Judge(before - Precision, service, _time.GetUtcNow(), "AWS")
            : [Finding.Unknown(Name, "DynamoDB does not tell its time.")];
    }

    private void Hear(object sender, ResponseEventArgs answer) => _told = (answer as WebServiceResponseEventArgs)?.ResponseHeaders
        .FirstOrDefault(header => header.Key.Equals("Date", StringComparison.OrdinalIgnoreCase)).Value ?? _told;
}
