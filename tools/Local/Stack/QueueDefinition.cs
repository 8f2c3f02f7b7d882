
namespace Relaybox.Local.Stack;

/// <summary>A queue of the template.</summary>
/// <param name="Attributes">As the CreateQueue call takes them.</param>
/// <param name="DeadLetterTargetArn">Null without a redrive policy.</param>
internal sealed record QueueDefinition(
    string LogicalId, string Name, string Url, string Arn, IReadOnlyDictionary<string, string> Attributes, string? DeadLetterTargetArn)
{
    public bool IsFifo => Attributes.GetValueOrDefault("FifoQueue") == "true";
}
