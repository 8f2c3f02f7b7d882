using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Nats;
using Relaybox.Operations;
using Relaybox.Timing;

namespace Relaybox.Functions.Consume;

/// <summary>Pulls messages from the stream and takes them through the inbox to the handlers, for as long as it is told to.</summary>
internal sealed class PullConsumeFunction(
    NatsMessagePuller puller,
    NatsSettings settings,
    PauseWatch pauses,
    TimeProvider time,
    MetricsWriter metrics,
    ILogger<PullConsumeFunction> logger)
    : IFunction<ScheduleInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "PullConsumeFunction")]
    [ScheduleEvent("rate(1 minute)", ResourceName = "Schedule", Input = """{"job":"pull"}""")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);

        await using var run = await pauses.BeginAsync(PausablePart.Consumer, scope.Token);
        if (run.IsPaused)
        {
            FunctionLog.PartPaused(logger, "consumer");
            return new JobReport("pull", 0, Complete: false);
        }

        // What is pulled last may take as long as a handler may.
        var enough = WorkDeadline.After(settings.PullFor + settings.Pull.MinimumBatchTime, time);
        var result = await puller.DrainAsync(run.Bound(enough.At < deadline.At ? enough : deadline), Report, scope.Token);
        FunctionLog.PullEnded(
            logger, result.Messages.Received, result.Messages.Processed,
            result.Messages.Duplicates, result.Messages.Retried, result.Messages.DeadLettered);
        return new JobReport("pull", result.Messages.Processed, !result.BrokerUnavailable);
    }

    // A run lasts a minute; metrics should show sooner what it does.
    private void Report(NatsPullResult batch) =>
        metrics.Write([.. ConsumeMetrics.Of(batch.Messages), ("MessagesPending", batch.Pending, MetricsWriter.Count)]);
}
