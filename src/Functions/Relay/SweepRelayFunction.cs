using System.Runtime.ExceptionServices;
using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Functions.Hosting;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Timing;

namespace Relaybox.Functions.Relay;

/// <summary>
/// Relays what is due, until nothing is or the deadline nears. Where there is no stream this is the main relay, and goes on
/// to wait for new rows while it has time. While an operator has paused the relay it only says how old the oldest due row is.
/// </summary>
internal sealed class SweepRelayFunction(
    OutboxRelay relay,
    IOutboxRepository repository,
    RelayOptions relayOptions,
    SweepOptions options,
    TimeProvider time,
    MetricsWriter metrics,
    ILogger<SweepRelayFunction> logger,
    IOutboxSignal? signal = null,
    PauseWatch? pauses = null) : IFunction<ScheduleInput, JobReport>
{
    // A sweep that listens lasts a minute. Metrics are written sooner than at its end, but not for every row that wakes it.
    private readonly RelayCounts _counts = new(metrics, time);

    /// <inheritdoc />
    [LambdaFunction(ResourceName = "SweepRelayFunction")]
    [ScheduleEvent("rate(1 minute)", ResourceName = "Schedule", Input = """{"job":"sweep"}""")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        await using var run = pauses is null ? new WatchedRun() : await pauses.BeginAsync(PausablePart.Relay, scope.Token);
        var result = run.IsPaused ? new RelayResult() : await RelayAsync(run.Bound(deadline), scope.Token);
        var oldest = await repository.OldestDueAgeAsync(scope.Token);
        metrics.Write(("OldestDueAge", oldest.TotalSeconds, MetricsWriter.Seconds));
        FunctionLog.SweepEnded(logger, result.Sent, result.Retried, result.Parked, result.Late, oldest.TotalSeconds);
        if (run.IsPaused)
        {
            FunctionLog.PartPaused(logger, "relay");
        }

        return new JobReport("sweep", result.Sent, !result.BrokerUnavailable && oldest == TimeSpan.Zero);
    }

    private async Task<RelayResult> RelayAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            return signal is null ? await DrainAsync(deadline, cancellationToken) : await ListenAsync(signal, deadline, cancellationToken);
        }
        finally
        {
            _counts.WriteGathered();
        }
    }

    private async Task<RelayResult> ListenAsync(IOutboxSignal wakeUp, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var total = new RelayResult();
        Exception? outage = null;
        await DrainUnlessAwayAsync();
        var start = time.GetTimestamp();
        try
        {
            while (deadline.HasTimeFor(relayOptions.MinimumBatchTime) && options.Listen - time.GetElapsedTime(start) is { Ticks: > 0 } left)
            {
                var untilEnd = TimeArithmetic.Shorter(left, deadline.Remaining - relayOptions.MinimumBatchTime);
                await wakeUp.WaitAsync(TimeArithmetic.Shorter(untilEnd, _counts.Left), cancellationToken);
                await DrainUnlessAwayAsync();
            }
        }
        finally
        {
            // What listens would be a dead connection when the function is thawed for its next run.
            await wakeUp.DisposeAsync();
        }

        if (outage is not null)
        {
            ExceptionDispatchInfo.Throw(outage);
        }

        return total;

        // A run goes on for as long as it was to listen: without it nobody would relay until the next one begins.
        async Task DrainUnlessAwayAsync()
        {
            if (!deadline.HasTimeFor(relayOptions.MinimumBatchTime))
            {
                return;
            }

            try
            {
                var drained = await DrainAsync(deadline, cancellationToken);
                total = total.Add(drained);
                if (drained.Sent > 0)
                {
                    wakeUp.FoundRows();
                }

                if (outage is not null)
                {
                    outage = null;
                    FunctionLog.SweepStoreRestored(logger);
                }
            }
            catch (Exception e) when (wakeUp.IsOutage(e) && !cancellationToken.IsCancellationRequested)
            {
                if (outage is null)
                {
                    FunctionLog.SweepStoreLost(logger, FailureText.Of(e, wakeUp));
                }

                outage = e;
            }
        }
    }

    private async Task<RelayResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var result = await relay.DrainAsync(deadline, cancellationToken);
        _counts.Gather(result);
        return result;
    }
}
