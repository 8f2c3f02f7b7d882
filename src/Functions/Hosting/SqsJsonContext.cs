using System.Text.Json.Serialization;
using Amazon.Lambda.SQSEvents;

namespace Relaybox.Functions.Hosting;

/// <summary>How queue events are read and their responses written.</summary>
[JsonSerializable(typeof(SQSEvent))]
[JsonSerializable(typeof(SQSBatchResponse))]
internal sealed partial class SqsJsonContext : JsonSerializerContext;
