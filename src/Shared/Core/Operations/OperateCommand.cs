using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>What an operator can ask for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperateCommand>))]
internal enum OperateCommand
{
    /// <summary>How many rows are in which status, and for how long the oldest has been due.</summary>
    [JsonStringEnumMemberName("status")]
    Status,

    /// <summary>A page of parked or sent rows, or of dead letters.</summary>
    [JsonStringEnumMemberName("list")]
    List,

    /// <summary>One row.</summary>
    [JsonStringEnumMemberName("show")]
    Show,

    /// <summary>Why a row is not sent.</summary>
    [JsonStringEnumMemberName("why")]
    Why,

    /// <summary>What an action would be about.</summary>
    [JsonStringEnumMemberName("preview")]
    Preview,

    /// <summary>Writes down a confirmed action.</summary>
    [JsonStringEnumMemberName("begin")]
    Begin,

    /// <summary>Goes on with an operation for some seconds.</summary>
    [JsonStringEnumMemberName("run")]
    Run,

    /// <summary>Asks for the end of an operation.</summary>
    [JsonStringEnumMemberName("cancel")]
    Cancel,

    /// <summary>All operations, the newest first.</summary>
    [JsonStringEnumMemberName("operations")]
    Operations,

    /// <summary>Pauses a part.</summary>
    [JsonStringEnumMemberName("pause")]
    Pause,

    /// <summary>Lets a part that is paused work again.</summary>
    [JsonStringEnumMemberName("resume")]
    Resume,

    /// <summary>Goes on with every operation that is running; what the schedule of a stack asks for.</summary>
    [JsonStringEnumMemberName("continue")]
    Continue,

    /// <summary>What is wrong with the system, and what to do.</summary>
    [JsonStringEnumMemberName("doctor")]
    Doctor,
}
