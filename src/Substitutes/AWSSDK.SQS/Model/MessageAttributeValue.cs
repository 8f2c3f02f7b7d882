using System.Text.Json;
using Amazon.SQS.Internal;

namespace Amazon.SQS.Model;

/// <summary>The value of a message attribute.</summary>
public class MessageAttributeValue
{
    public MemoryStream BinaryValue { get; set; }

    public string DataType { get; set; }

    public string StringValue { get; set; }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteBinary("BinaryValue", BinaryValue);
        writer.WriteText("DataType", DataType);
        writer.WriteText("StringValue", StringValue);
    }

    internal static MessageAttributeValue Read(JsonElement json) => new()
    {
        BinaryValue = json.Binary("BinaryValue"),
        DataType = json.Text("DataType"),
        StringValue = json.Text("StringValue"),
    };
}
