using System.Text.Json.Serialization;
using Relaybox.Functions.Maintenance;

namespace Relaybox.Functions.Hosting;

/// <summary>How a schedule's input is read and a job's report written.</summary>
[JsonSerializable(typeof(ScheduleInput))]
[JsonSerializable(typeof(SetupInput))]
[JsonSerializable(typeof(JobReport))]
internal sealed partial class ScheduleJsonContext : JsonSerializerContext;
