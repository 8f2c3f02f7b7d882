using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>A message that was deleted.</summary>
public class DeleteMessageBatchResultEntry
{
    public string Id { get; set; }

    internal static DeleteMessageBatchResultEntry Read(JsonElement json) => new()
    {
        Id = json.Text("Id"),
    };
}
