using Amazon.Lambda.Core;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Outbox;

namespace Relaybox.Functions.Relay;

/// <summary>Relays what is due, until nothing is or the deadline nears; where there is no stream, this is the main relay.</summary>
internal sealed class SweepRelayFunction(
    OutboxRelay relay,
    IOutboxRepository repository,
    TimeProvider time,
    MetricsWriter metrics,
    ILogger<SweepRelayFunction> logger)
{
    internal async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        using var scope = deadline.BeginScope(CancellationToken.None);
        var result = await relay.DrainAsync(deadline, scope.Token);
        var oldest = await repository.OldestDueAgeAsync(scope.Token);
        metrics.Write(
            ("RowsSent", result.Sent, MetricsWriter.Count),
            ("RowsRetried", result.Retried, MetricsWriter.Count),
            ("RowsParked", result.Parked, MetricsWriter.Count),
            ("RowsLate", result.Late, MetricsWriter.Count),
            ("OldestDueAge", oldest.TotalSeconds, MetricsWriter.Seconds));
        FunctionLog.SweepEnded(logger, result.Sent, result.Retried, result.Parked, result.Late, oldest.TotalSeconds);
        return new JobReport("sweep", result.Sent, !result.BrokerUnavailable && oldest == TimeSpan.Zero);
    }
}
