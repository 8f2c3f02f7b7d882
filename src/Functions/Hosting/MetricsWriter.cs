namespace Relaybox.Functions.Hosting;

/// <summary>Writes metrics as CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics.</summary>
internal sealed class MetricsWriter(string functionName, string metricsNamespace, TimeProvider time, JsonLines lines)
{
    internal const string Count = "Count";
    internal const string Seconds = "Seconds";

    /// <summary>Writes metrics.</summary>
    internal void Write(params (string Name, double Value, string Unit)[] metrics) => WriteLine(message: null, metrics);

    /// <summary>
    /// Writes what an invocation did, in words and as metrics, in one line: a line of its own for the words would double what a
    /// small invocation logs, and logs are paid for by their length. It is written at every log level.
    /// </summary>
    internal void Report(string message, params (string Name, double Value, string Unit)[] metrics) => WriteLine(message, metrics);

    private void WriteLine(string? message, (string Name, double Value, string Unit)[] metrics) =>
        lines.Write((message, metrics), (writer, line) =>
        {
            var values = line.metrics;
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
            JsonLoggerProvider.WriteRequestId(writer);
            if (line.message is not null)
            {
                writer.WriteString("level"u8, "Information"u8);
                writer.WriteString("message"u8, line.message);
            }

            foreach (var (name, value, _) in values)
            {
                writer.WriteNumber(name, value);
            }
        });
}
