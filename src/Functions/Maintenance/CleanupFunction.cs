using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Relaybox.Functions.Hosting;
using Relaybox.Maintenance;

namespace Relaybox.Functions.Maintenance;

/// <summary>Deletes what is finished and older than its retention.</summary>
internal sealed class CleanupFunction(MaintenanceJobs jobs, TimeProvider time, MetricsWriter metrics) : IFunction<ScheduleInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "CleanupFunction")]
    [ScheduleEvent("rate(1 day)", ResourceName = "Schedule", Input = """{"job":"cleanup"}""")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var result = await jobs.CleanupAsync(deadline, scope.Token);
        var isIncomplete = !result.Complete && !result.IsHeldElsewhere;
        metrics.Write(("RowsCleaned", result.Affected, MetricsWriter.Count), ("CleanupIncomplete", isIncomplete ? 1 : 0, MetricsWriter.Count));
        return new JobReport("cleanup", result.Affected, result.Complete);
    }
}
