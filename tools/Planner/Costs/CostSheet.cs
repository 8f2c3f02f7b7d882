using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Relaybox.Local;

namespace Relaybox.Planner.Costs;

/// <summary>The figures that the planner works with: a file of them, and what the benchmarks measured in the place of some.</summary>
internal sealed class CostSheet
{
    internal const string File = "docs/scaling-costs.json";
    internal const string Results = "docs/benchmarks/results.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter<CostKind>(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Sheet _sheet;
    private readonly Dictionary<string, Cost> _byId;

    private CostSheet(Sheet sheet)
    {
        _sheet = sheet;
        _byId = sheet.Costs.ToDictionary(cost => cost.Id);
    }

    /// <summary>The month of the prices and limits.</summary>
    public string AsOf => _sheet.AsOf;

    /// <summary>The region of the prices and limits.</summary>
    public string Region => _sheet.Region;

    public IReadOnlyList<Cost> All => _sheet.Costs;

    /// <exception cref="RunnerException">There is no such figure.</exception>
    public double this[string id] =>
        _byId.TryGetValue(id, out var cost) ? cost.Value : throw new RunnerException($"{File} has no cost '{id}'.");

    /// <summary>The file as it is kept: each figure on a line of its own.</summary>
    public string ToJson()
    {
        var lines = All.Select(cost => $"    {JsonSerializer.Serialize(cost, Json)}");
        return $$"""
            {
              "asOf": {{JsonSerializer.Serialize(AsOf, Json)}},
              "region": {{JsonSerializer.Serialize(Region, Json)}},
              "note": {{JsonSerializer.Serialize(_sheet.Note, Json)}},
              "costs": [
            {{string.Join(",\n", lines)}}
              ]
            }

            """;
    }

    /// <summary>The repository's own figures, with what is measured since.</summary>
    public static CostSheet Load()
    {
        var results = Path.Combine(RepositoryLayout.Root, Results);
        return Parse(
            System.IO.File.ReadAllText(Path.Combine(RepositoryLayout.Root, File)),
            System.IO.File.Exists(results) ? System.IO.File.ReadAllText(results) : null);
    }

    /// <param name="costs">The file of costs.</param>
    /// <param name="results">What the benchmarks wrote, if they did.</param>
    /// <exception cref="RunnerException">The file of costs is wrong.</exception>
    public static CostSheet Parse(string costs, string? results)
    {
        Sheet sheet;
        try
        {
            sheet = JsonSerializer.Deserialize<Sheet>(costs, Json)!;
        }
        catch (JsonException exception)
        {
            throw new RunnerException($"{File}: {exception.Message}");
        }

        if (sheet.Costs.FirstOrDefault(cost => !(cost.Value > 0) || !double.IsFinite(cost.Value)) is { } wrong)
        {
            throw new RunnerException($"{File}: '{wrong.Id}' is {wrong.Value}; expected more than 0.");
        }

        if (sheet.Costs.GroupBy(cost => cost.Id).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new RunnerException($"{File}: '{twice.Key}' is there twice.");
        }

        using var measured = results is null ? null : JsonDocument.Parse(results);
        return new CostSheet(sheet with { Costs = [.. sheet.Costs.Select(cost => Measure(cost, measured))] });
    }

    private static Cost Measure(Cost cost, JsonDocument? results) =>
        results is not null && cost.Result is { } result && Find(results, result) is { } value && value > 0
            ? cost with { Value = result.Over is { } over ? over / value : value, Kind = CostKind.Measured, Source = $"./run bench {result.Group}" }
            : cost;

    private static double? Find(JsonDocument results, BenchmarkResult wanted)
    {
        foreach (var group in results.RootElement.EnumerateArray().Where(group => Text(group, "id") == wanted.Group))
        {
            var arms = group.GetProperty("comparisons").EnumerateArray()
                .SelectMany(comparison => comparison.GetProperty("arms").EnumerateArray())
                .Where(arm => Text(arm, "arm") == wanted.Name && (wanted.Metric is null || Text(arm, "metric") == wanted.Metric));
            var facts = group.GetProperty("facts").EnumerateArray().Where(fact => Text(fact, "name") == wanted.Name);
            foreach (var found in arms.Concat(facts))
            {
                return found.GetProperty("value") is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;
            }
        }

        return null;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private sealed record Sheet(string AsOf, string Region, string Note, IReadOnlyList<Cost> Costs);
}
