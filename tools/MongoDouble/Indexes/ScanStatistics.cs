namespace Relaybox.MongoDouble.Indexes;

/// <summary>What a scan has looked at, as explain shows it.</summary>
internal sealed class ScanStatistics
{
    public long Keys { get; set; }

    public long Documents { get; set; }

    public long Returned { get; set; }
}
