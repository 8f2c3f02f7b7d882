using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>What a request or an operation is about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationTarget>))]
internal enum OperationTarget
{
    /// <summary>Parked rows of the outbox.</summary>
    [JsonStringEnumMemberName("rows")]
    Rows,

    /// <summary>Dead letters of the broker.</summary>
    [JsonStringEnumMemberName("dead-letters")]
    DeadLetters,

    /// <summary>Rows of the outbox that were sent.</summary>
    [JsonStringEnumMemberName("sent-rows")]
    SentRows,

    /// <summary>Pending rows of the outbox. They can be listed; no action takes them.</summary>
    [JsonStringEnumMemberName("pending-rows")]
    PendingRows,
}
