using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.Schedule;
using Amazon.Lambda.Core;
using Relaybox.Functions.Hosting;
using Relaybox.Operations;
using Relaybox.Timing;

namespace Relaybox.Functions.Operate;

/// <summary>
/// Answers operators, who invoke it by an alias that they have the right to. Its schedule goes on with what was begun, so that no operation
/// depends on the machine that began it.
/// </summary>
internal sealed class OperateFunction(OperatorDesk desk, OperateAudit audit, MetricsWriter metrics, TimeProvider time)
    : IFunction<OperateRequest, OperateAnswer>
{
    // So long an operation runs before the person who waits is told how it stands.
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

    // So long one looks at what is selected.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    // The schedule's next run comes after a minute.
    internal static readonly TimeSpan ScheduledTurn = TimeSpan.FromSeconds(50);

    // A step that has begun is ended: a redrive looks for 20 s at what becomes of its rows, and 50 rows at the lowest rate rest for 50 s.
    internal static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(75);

    /// <inheritdoc />
    [LambdaFunction(ResourceName = "OperateFunction")]
    [ScheduleEvent("rate(1 minute)", ResourceName = "Schedule", Input = """{"command":"continue"}""")]
    public async Task<OperateAnswer> HandleAsync(OperateRequest input, ILambdaContext context)
    {
        var end = Invocation.Begin(context, time);
        using var scope = end.BeginScope(CancellationToken.None);
        if (input is null)
        {
            return new OperateAnswer { Problem = "The request is empty. It needs a command, such as {\"command\":\"status\"}." };
        }

        var alias = OperateAlias.Of(context.InvokedFunctionArn);
        if (OperateAlias.WhyRefused(alias, input) is { } refusal)
        {
            audit.Refused(alias, input);
            return new OperateAnswer { Problem = refusal };
        }

        audit.Asked(alias, input);
        var longest = input.Command == OperateCommand.Continue ? ScheduledTurn
            : input.Command == OperateCommand.Preview || input.Of == OperationTarget.DeadLetters ? Look
            : Turn;
        var turn = WorkDeadline.After(longest, time);
        var reserved = end.Before(LongestStep);
        var answer = await desk.AnswerAsync(input, turn.At < reserved.At ? turn : reserved, scope.Token);
        audit.Answered(input, answer);
        if (input.Command == OperateCommand.Continue)
        {
            Report(answer);
        }

        return answer;
    }

    // Metrics of one's own are paid for by the hour in which they are written: nothing is written while all is well.
    private void Report(OperateAnswer answer)
    {
        if (answer.Pauses is { Count: > 0 } pauses)
        {
            metrics.Write(("PausedFor", pauses.Max(pause => (time.GetUtcNow() - pause.Since).TotalSeconds), MetricsWriter.Seconds));
        }

        if (answer.BlockedKeys is > 0 and var keys)
        {
            metrics.Write(("KeysBlocked", keys, MetricsWriter.Count));
        }
    }
}
