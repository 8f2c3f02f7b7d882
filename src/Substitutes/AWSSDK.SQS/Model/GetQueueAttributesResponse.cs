using System.Globalization;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>The attributes, and the most used of them as numbers.</summary>
public class GetQueueAttributesResponse : AmazonWebServiceResponse
{
    public Dictionary<string, string> Attributes { get; set; }

    public int ApproximateNumberOfMessages => Count("ApproximateNumberOfMessages");

    public int ApproximateNumberOfMessagesDelayed => Count("ApproximateNumberOfMessagesDelayed");

    public int ApproximateNumberOfMessagesNotVisible => Count("ApproximateNumberOfMessagesNotVisible");

    public string QueueARN => Attributes?.GetValueOrDefault("QueueArn");

    internal static GetQueueAttributesResponse Read(JsonElement json) => new()
    {
        Attributes = json.Map("Attributes", static value => value.GetString()),
    };

    private int Count(string attribute) =>
        int.TryParse(Attributes?.GetValueOrDefault(attribute), CultureInfo.InvariantCulture, out var count) ? count : 0;
}
