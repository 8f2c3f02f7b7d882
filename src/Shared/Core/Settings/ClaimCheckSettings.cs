using Relaybox.Messaging;

namespace Relaybox.Settings;

/// <summary>Where large payloads are kept, and what is large.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="ThresholdBytes">The relay stores a payload with more bytes of UTF-8 than this.</param>
/// <param name="Retention">How long the bucket keeps a payload by its lifecycle rules; null: nobody has said it.</param>
internal sealed record ClaimCheckSettings(string Bucket, int ThresholdBytes, TimeSpan? Retention)
{
    private const int SmallestThreshold = 1_024;
    private const int LargestThreshold = 1_048_576;

    /// <summary>Why payloads expire too soon; null: they do not, or nobody has said how long they are kept.</summary>
    /// <param name="settings">How long rows are kept, and how long a message can come back.</param>
    internal string? WhyForgetful(RelayboxSettings settings)
    {
        var needed = settings.Maintenance.SentRetention + settings.Horizon.Length;
        return Retention < needed
            ? $"CLAIM_CHECK_RETENTION_DAYS is {Retention.Value.TotalDays:0}, but a payload can be needed for {needed.TotalDays:0} days: "
                + "for as long as its row is kept (SENT_RETENTION_HOURS), and then for as long as its message can come back "
                + $"({settings.Horizon.Reason})."
            : null;
    }

    internal static ClaimCheckSettings? Read(SettingsReader reader)
    {
        if (reader.Optional("CLAIM_CHECK_BUCKET") is not { } bucket)
        {
            return null;
        }

        if (!PayloadReference.IsBucket(bucket))
        {
            reader.Add("CLAIM_CHECK_BUCKET is not a bucket's name. Set it to the name of an S3 bucket; without it the claim check is off.");
        }

        var days = reader.Number("CLAIM_CHECK_RETENTION_DAYS", 0, 0, 36_500);
        return new ClaimCheckSettings(
            bucket,
            reader.Number("CLAIM_CHECK_THRESHOLD_BYTES", ClaimCheck.DefaultThresholdBytes, SmallestThreshold, LargestThreshold),
            days == 0 ? null : TimeSpan.FromDays(days));
    }
}
