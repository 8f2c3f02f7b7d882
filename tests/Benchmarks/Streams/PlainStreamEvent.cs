namespace Relaybox.Benchmarks.Streams;

/// <summary>A stream event as plain types, all of it, as anyone would write them down from the documentation.</summary>
internal sealed class PlainStreamEvent
{
    public List<Record> Records { get; set; } = null!;

    public sealed class Record
    {
        public string? EventID { get; set; }

        public string? EventName { get; set; }

        public string? EventVersion { get; set; }

        public string? EventSource { get; set; }

        public string? AwsRegion { get; set; }

        public Change? Dynamodb { get; set; }

        public string? EventSourceARN { get; set; }

        public Identity? UserIdentity { get; set; }
    }

    public sealed class Change
    {
        public double ApproximateCreationDateTime { get; set; }

        public Dictionary<string, Value>? Keys { get; set; }

        public Dictionary<string, Value>? NewImage { get; set; }

        public Dictionary<string, Value>? OldImage { get; set; }

        public string? SequenceNumber { get; set; }

        public long SizeBytes { get; set; }

        public string? StreamViewType { get; set; }
    }

    public sealed class Identity
    {
        public string? PrincipalId { get; set; }

        public string? Type { get; set; }
    }

    public sealed class Value
    {
        public byte[]? B { get; set; }

        public bool? BOOL { get; set; }

        public List<byte[]>? BS { get; set; }

        public List<Value>? L { get; set; }

        public Dictionary<string, Value>? M { get; set; }

        public string? N { get; set; }

        public List<string>? NS { get; set; }

        public bool? NULL { get; set; }

        public string? S { get; set; }

        public List<string>? SS { get; set; }
    }
}
