using System.Text.Json.Serialization;

namespace Relaybox.Functions.Maintenance;

/// <summary>What Setup is invoked with: nothing that matters, or CloudFormation's request for a custom resource.</summary>
/// <param name="RequestType">Create, Update or Delete.</param>
/// <param name="ResponseUrl">Where CloudFormation waits for the answer; null: nobody does.</param>
/// <param name="StackId">Goes back with the answer.</param>
/// <param name="RequestId">Goes back with the answer.</param>
/// <param name="LogicalResourceId">Goes back with the answer.</param>
internal sealed record SetupInput(
    [property: JsonPropertyName("RequestType")] string? RequestType = null,
    [property: JsonPropertyName("ResponseURL")] string? ResponseUrl = null,
    [property: JsonPropertyName("StackId")] string? StackId = null,
    [property: JsonPropertyName("RequestId")] string? RequestId = null,
    [property: JsonPropertyName("LogicalResourceId")] string? LogicalResourceId = null);
