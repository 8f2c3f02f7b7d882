namespace Relaybox.Benchmarks.Streams;

/// <summary>A stream event as plain types, all of it, as anyone would write them down from the documentation.</summary>
internal sealed record PlainStreamEvent(List<PlainStreamEvent.Record> Records)
{
    public sealed record Record(
        string EventID, string EventName, string EventVersion, string EventSource, string AwsRegion, Change Dynamodb, string EventSourceARN, Identity? UserIdentity);

    public sealed record Change(
        double ApproximateCreationDateTime,
        Dictionary<string, Value>? Keys,
        Dictionary<string, Value>? NewImage,
        Dictionary<string, Value>? OldImage,
        string SequenceNumber,
        long SizeBytes,
        string StreamViewType);

    public sealed record Identity(string PrincipalId, string Type);

    public sealed record Value
    {
        public byte[]? B { get; init; }

        public bool? BOOL { get; init; }

        public List<byte[]>? BS { get; init; }

        public List<Value>? L { get; init; }

        public Dictionary<string, Value>? M { get; init; }

        public string? N { get; init; }

        public List<string>? NS { get; init; }

        public bool? NULL { get; init; }

        public string? S { get; init; }

        public List<string>? SS { get; init; }
    }
}
