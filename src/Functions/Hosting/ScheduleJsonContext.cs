using System.Text.Json.Serialization;

namespace Relaybox.Functions.Hosting;

/// <summary>How a schedule's input is read and a job's report written.</summary>
[JsonSerializable(typeof(ScheduleInput))]
[JsonSerializable(typeof(JobReport))]
internal sealed partial class ScheduleJsonContext : JsonSerializerContext;
