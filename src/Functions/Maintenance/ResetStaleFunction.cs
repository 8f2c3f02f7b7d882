using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Relaybox.Functions.Hosting;
using Relaybox.Maintenance;

namespace Relaybox.Functions.Maintenance;

/// <summary>Ends claims whose lease is over.</summary>
internal sealed class ResetStaleFunction(MaintenanceJobs jobs, TimeProvider time, MetricsWriter metrics) : IFunction<ScheduleInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "ResetStaleFunction")]
    [ScheduleEvent("rate(5 minutes)", ResourceName = "Schedule", Input = """{"job":"reset-stale"}""")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var result = await jobs.ResetStaleAsync(deadline, scope.Token);
        metrics.Write(("ClaimsReset", result.Affected, MetricsWriter.Count));
        return new JobReport("reset-stale", result.Affected, result.Complete);
    }
}
