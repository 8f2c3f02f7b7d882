using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>A message that is hidden.</summary>
public class ChangeMessageVisibilityBatchResultEntry
{
    public string Id { get; set; }

    internal static ChangeMessageVisibilityBatchResultEntry Read(JsonElement json) => new()
    {
        Id = json.Text("Id"),
    };
}
