using System.Text.Json.Nodes;

namespace Relaybox.Local.EventSources;

/// <summary>A record of a stream, in the form that a function gets it.</summary>
/// <param name="Size">Bytes of its JSON.</param>
internal sealed record StreamRecord(string SequenceNumber, DateTimeOffset ArrivedAt, JsonObject Event, int Size);

/// <summary>A part of a stream.</summary>
/// <param name="IsClosed">Nothing more is written to it.</param>
internal sealed record StreamShard(string Id, string? ParentId, bool IsClosed);

/// <summary>What one read returned.</summary>
/// <param name="NextIterator">Null at the end of a closed shard.</param>
internal sealed record StreamPage(IReadOnlyList<StreamRecord> Records, string? NextIterator);
