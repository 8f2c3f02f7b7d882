using System.Text.Json.Nodes;
using Relaybox.Local.Template;

namespace Relaybox.Local.Stack;

/// <summary>The Events of a function, with the defaults of AWS SAM.</summary>
internal static class EventSourceReader
{
    public static IReadOnlyList<EventSourceDefinition> Read(string logicalId, JsonObject events, int line, List<string> notes)
    {
        var definitions = new List<EventSourceDefinition>();
        foreach (var (name, node) in events)
        {
            var source = node as JsonObject ?? throw new TemplateException(line, $"Event {name} must be a map.");
            var properties = source.Map("Properties");
            var isOn = properties.Flag("Enabled", true, line) && properties.Text("State") != "DISABLED";
            if (!isOn)
            {
                notes.Add($"{logicalId}: event {name} is disabled.");
            }

            switch (source.Text("Type"))
            {
                case "DynamoDB" or "SQS" when !isOn:
                    break;
                case "DynamoDB":
                    if (properties.Number("ParallelizationFactor", 1, line) > 1)
                    {
                        notes.Add($"{logicalId}: event {name} is played with one batch of a shard at a time.");
                    }

                    definitions.Add(Stream(name, properties, line));
                    break;
                case "SQS":
                    definitions.Add(Queue(name, properties, line));
                    break;
                case "ScheduleV2":
                    definitions.Add(Schedule(name, properties, "ScheduleExpression", isOn, line));
                    break;
                case "Schedule":
                    definitions.Add(Schedule(name, properties, "Schedule", isOn, line));
                    break;
                case var type:
                    notes.Add($"{logicalId}: event {name} of type {type} is not played here.");
                    break;
            }
        }

        return definitions;
    }

    private static StreamEventDefinition Stream(string name, JsonObject properties, int line) => new(
        name,
        TableOf(properties.RequiredText("Stream", line), line),
        properties.RequiredText("StartingPosition", line) switch
        {
            "TRIM_HORIZON" => true,
            "LATEST" => false,
            var other => throw new TemplateException(line, $"StartingPosition must be TRIM_HORIZON or LATEST, not {other}."),
        },
        properties.Number("BatchSize", 100, line),
        properties.Number("MaximumBatchingWindowInSeconds", 0, line),
        ReportsItemFailures(properties),
        properties.Flag("BisectBatchOnFunctionError", false, line),
        properties.Number("MaximumRetryAttempts", -1, line),
        properties.Number("MaximumRecordAgeInSeconds", -1, line),
        properties.Map("DestinationConfig").Map("OnFailure").Text("Destination"),
        Patterns(properties));

    private static QueueEventDefinition Queue(string name, JsonObject properties, int line)
    {
        var maximum = properties.Map("ScalingConfig").Number("MaximumConcurrency", -1, line);
        return new QueueEventDefinition(
            name,
            properties.RequiredText("Queue", line),
            properties.Number("BatchSize", 10, line),
            properties.Number("MaximumBatchingWindowInSeconds", 0, line),
            ReportsItemFailures(properties),
            maximum > 0 ? maximum : null,
            Patterns(properties));
    }

    private static ScheduleEventDefinition Schedule(string name, JsonObject properties, string expression, bool isOn, int line) => new(
        name,
        properties.RequiredText(expression, line),
        properties.Text("ScheduleExpressionTimezone") ?? "UTC",
        properties.Text("Input"),
        isOn);

    private static bool ReportsItemFailures(JsonObject properties) =>
        properties.Texts("FunctionResponseTypes").Contains("ReportBatchItemFailures");

    private static string[] Patterns(JsonObject properties) =>
        [.. properties.Map("FilterCriteria").List("Filters").OfType<JsonObject>().Select(filter => filter.Text("Pattern")).OfType<string>()];

    private static string TableOf(string streamArn, int line)
    {
        // arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL
        var parts = streamArn.Split('/');
        return parts.Length >= 3 && parts[0].EndsWith(":table", StringComparison.Ordinal)
            ? parts[1]
            : throw new TemplateException(line, $"Stream '{streamArn}' is not the ARN of a table's stream.");
    }
}
