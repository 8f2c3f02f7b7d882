using System.Text.Json.Serialization;
using Amazon.Lambda.SQSEvents;

namespace Relaybox.Substitutes.Tests.Serialization;

// One context for each event source: both responses nest a type of the same name, which one context cannot hold.
[JsonSerializable(typeof(SQSEvent))]
[JsonSerializable(typeof(SQSBatchResponse))]
internal sealed partial class QueueJson : JsonSerializerContext;
