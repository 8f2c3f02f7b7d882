using System.Text.Json.Nodes;

namespace Relaybox.Local.EventSources;

/// <summary>What leads from a queue or a stream to a function.</summary>
/// <param name="Id">Its id.</param>
/// <param name="FunctionArn">The function.</param>
/// <param name="SourceArn">The queue or the stream.</param>
internal sealed record EventSourceMapping(Guid Id, string FunctionArn, string SourceArn)
{
    /// <summary>Whether it is on.</summary>
    public EventSourceSwitch Switch { get; } = new();

    /// <summary>As Lambda's API describes it.</summary>
    public JsonObject ToJson() => new()
    {
        ["UUID"] = Id.ToString(), ["FunctionArn"] = FunctionArn, ["EventSourceArn"] = SourceArn, ["State"] = Switch.State,
    };
}
