using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>How much a finding matters.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FindingSeverity>))]
internal enum FindingSeverity
{
    /// <summary>All is as it has to be.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>It could not be checked, or not from here.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>It works, and can do harm.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>Something does not work, or events can be lost or handled twice.</summary>
    [JsonStringEnumMemberName("problem")]
    Problem,
}
