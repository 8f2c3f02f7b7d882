using System.Text.Json.Serialization;

namespace Relaybox.Substitutes.Tests.Serialization;

[JsonSerializable(typeof(Sample))]
internal sealed partial class PlainJson : JsonSerializerContext;

/// <summary>One member for each thing that the serializer treats in its own way.</summary>
public sealed record Sample
{
    public string? Name { get; init; }

    public DateTime When { get; init; }

    public byte[]? Bytes { get; init; }

    public MemoryStream? Binary { get; init; }

    public string? XAmzId2 { get; init; }

    public int? Absent { get; init; }
}
