using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>Where an operation is on its way.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationState>))]
internal enum OperationState
{
    /// <summary>Begun, and not at its end: it is being run, or waits for its next run.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Every row that it was confirmed for has been looked at.</summary>
    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>An operator has cancelled it; what it had done holds.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>It stopped by itself, because rows that it had sent again failed again.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,
}
