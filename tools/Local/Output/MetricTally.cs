using System.Collections.Concurrent;
using System.Text.Json;

namespace Relaybox.Local.Output;

/// <summary>
/// Sums up the metrics that functions print in CloudWatch's embedded metric format.
/// </summary>
internal sealed class MetricTally
{
    private readonly ConcurrentDictionary<string, double> _sums = new();

    public double Sum(string metric) => _sums.GetValueOrDefault(metric);

    /// <summary>False when the line is not a metric line.</summary>
    public bool TryAdd(string line)
    {
        if (!line.StartsWith('{') || !line.Contains("\"_aws\"", StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            Add(document.RootElement);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    private void Add(JsonElement root)
    {
        var names = new HashSet<string>();
        foreach (var directive in root.GetProperty("_aws").GetProperty("CloudWatchMetrics").EnumerateArray())
        {
            foreach (var metric in directive.GetProperty("Metrics").EnumerateArray())
            {
                names.Add(metric.GetProperty("Name").GetString()!);
            }
        }

        foreach (var name in names)
        {
            if (root.TryGetProperty(name, out var value))
            {
                var sum = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Sum(item => item.GetDouble()) : value.GetDouble();
                _sums.AddOrUpdate(name, sum, (_, before) => before + sum);
            }
        }
    }
}
