using System.Text.Json.Nodes;

namespace Relaybox.Local.Stack;

/// <summary>A table of the template.</summary>
/// <param name="Properties">Its evaluated properties, which have the names of the CreateTable call.</param>
/// <param name="StreamViewType">Null without a stream.</param>
/// <param name="TimeToLiveAttribute">Null without a time to live.</param>
internal sealed record TableDefinition(
    string LogicalId, string Name, JsonObject Properties, string? StreamViewType, string? TimeToLiveAttribute);
