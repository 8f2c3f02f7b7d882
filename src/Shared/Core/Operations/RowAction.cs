using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>What an operator can do with parked rows, and with sent ones.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RowAction>))]
internal enum RowAction
{
    /// <summary>Puts rows back to pending, due at once, with no failed attempt.</summary>
    [JsonStringEnumMemberName("redrive")]
    Redrive,

    /// <summary>Lets the later rows of an ordering key go on without a row, which stays parked.</summary>
    [JsonStringEnumMemberName("skip")]
    Skip,

    /// <summary>Puts rows out of sight; they stay parked.</summary>
    [JsonStringEnumMemberName("shelve")]
    Shelve,

    /// <summary>Brings shelved rows back into sight.</summary>
    [JsonStringEnumMemberName("unshelve")]
    Unshelve,

    /// <summary>Deletes rows that hold back no other: their events are lost.</summary>
    [JsonStringEnumMemberName("purge")]
    Purge,

    /// <summary>Publishes sent rows again as they were: a consumer that remembers them does not handle them again.</summary>
    [JsonStringEnumMemberName("republish")]
    Republish,

    /// <summary>Publishes sent rows again under the operation's id as their replay id: every consumer handles them once more.</summary>
    [JsonStringEnumMemberName("reprocess")]
    Reprocess,
}
