using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Maintenance;
using Relaybox.Outbox;

namespace Relaybox.Functions.Maintenance;

/// <summary>Finds rows that no index knows and makes them due; counts those whose status is none of the contract's.</summary>
internal sealed class ReconcileFunction(
    MaintenanceJobs jobs, TimeProvider time, MetricsWriter metrics, ILogger<ReconcileFunction> logger) : IFunction<ScheduleInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "ReconcileFunction")]
    [ScheduleEvent("rate(1 hour)", ResourceName = "Schedule", Input = """{"job":"reconcile"}""")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var result = await jobs.ReconcileAsync(deadline, scope.Token);
        long unknown = 0;
        foreach (var (status, count) in result.Counts)
        {
            if (OutboxStatusText.Parse(status) == OutboxStatus.Unknown)
            {
                unknown += count;
                FunctionLog.UnknownStatus(logger, count, status);
            }
        }

        metrics.Write(
            ("RowsRecovered", result.Affected, MetricsWriter.Count),
            ("RowsUnknownStatus", unknown, MetricsWriter.Count));
        return new JobReport("reconcile", result.Affected, result.Complete);
    }
}
