using System.Text.Json.Serialization;

namespace Relaybox.Functions.Hosting;

/// <summary>What a scheduled function answers, for people who invoke it by hand.</summary>
/// <param name="Job">The job.</param>
/// <param name="Affected">How many rows or records it changed, sent or deleted.</param>
/// <param name="Complete">Whether it came to the end; otherwise the next run goes on.</param>
internal sealed record JobReport(
    [property: JsonPropertyName("job")] string Job,
    [property: JsonPropertyName("affected")] long Affected,
    [property: JsonPropertyName("complete")] bool Complete);
