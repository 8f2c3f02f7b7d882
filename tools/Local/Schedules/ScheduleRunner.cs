using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Schedules;

/// <summary>
/// Invokes a function on its schedule. As with the service, a run does not wait for the one before, and a run that
/// fails is tried again after one minute and after two more, as Lambda does with events that nobody waits for.
/// </summary>
internal sealed class ScheduleRunner(
    ScheduleEventDefinition schedule, FunctionDefinition definition, IFunctionInvoker function, ILiveOutput output, TimeProvider time)
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMinutes(1);

    private readonly ScheduleExpression _expression = ScheduleExpression.Parse(schedule.Expression, schedule.TimeZone);

    /// <summary>Runs until cancelled, or until the schedule has no further moment.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var runs = new List<Task>();
        try
        {
            var last = time.GetUtcNow();
            if (_expression.BeginsAtOnce)
            {
                runs.Add(FireAsync(last, cancellationToken));
            }

            while (_expression.NextAfter(last) is { } next)
            {
                await DelayUntilAsync(next, cancellationToken);
                last = next;
                runs.RemoveAll(run => run.IsCompleted);
                runs.Add(FireAsync(next, cancellationToken));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }

        await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>One run with its retries.</summary>
    public async Task FireAsync(DateTimeOffset scheduled, CancellationToken cancellationToken)
    {
        var payload = Encoding.UTF8.GetBytes(schedule.Input ?? DefaultInput(scheduled));
        for (var attempt = 0; ; attempt++)
        {
            var result = await function.InvokeAsync(payload, cancellationToken);
            if (result.Succeeded)
            {
                return;
            }

            var delay = FirstRetryDelay * (attempt + 1);
            var isTooLate = (time.GetUtcNow() + delay - scheduled).TotalSeconds > definition.AsyncMaximumAgeSeconds;
            if (attempt >= definition.AsyncRetries || isTooLate)
            {
                output.Warning($"{schedule.Name}: gave up after {attempt + 1} invocations: {result.ErrorType}");
                return;
            }

            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private async Task DelayUntilAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        // A timer cannot wait longer than 49 days.
        while (moment - time.GetUtcNow() is { Ticks: > 0 } left)
        {
            await Task.Delay(left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1), time, cancellationToken);
        }
    }

    private string DefaultInput(DateTimeOffset scheduled) => new JsonObject
    {
        ["version"] = "0",
        ["id"] = Guid.NewGuid().ToString(),
        ["detail-type"] = "Scheduled Event",
        ["source"] = "aws.scheduler",
        ["account"] = Aws.LocalAws.AccountId,
        ["time"] = scheduled.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        ["region"] = Aws.LocalAws.Region,
        ["resources"] = new JsonArray(),
        ["detail"] = "{}",
    }.ToJsonString();
}
