namespace Relaybox.Functions.Hosting;

/// <summary>Writes metrics as CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics.</summary>
internal sealed class MetricsWriter(string functionName, string metricsNamespace, TimeProvider time, JsonLines lines)
{
    internal const string Count = "Count";
    internal const string Seconds = "Seconds";

    internal void Write(params (string Name, double Value, string Unit)[] metrics) =>
        lines.Write(metrics, (writer, values) =>
        {
            writer.WriteStartObject("_aws"u8);
            writer.WriteNumber("Timestamp"u8, time.GetUtcNow().ToUnixTimeMilliseconds());
            writer.WriteStartArray("CloudWatchMetrics"u8);
            writer.WriteStartObject();
            writer.WriteString("Namespace"u8, metricsNamespace);
            writer.WriteStartArray("Dimensions"u8);
            writer.WriteStartArray();
            writer.WriteStringValue("function"u8);
            writer.WriteEndArray();
            writer.WriteEndArray();
            writer.WriteStartArray("Metrics"u8);
            foreach (var (name, _, unit) in values)
            {
                writer.WriteStartObject();
                writer.WriteString("Name"u8, name);
                writer.WriteString("Unit"u8, unit);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteString("function"u8, functionName);
            foreach (var (name, value, _) in values)
            {
                writer.WriteNumber(name, value);
            }
        });
}
