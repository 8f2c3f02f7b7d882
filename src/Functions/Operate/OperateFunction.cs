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
internal sealed class OperateFunction(OperatorDesk desk, OperateAudit audit, TimeProvider time) : IFunction<OperateRequest, OperateAnswer>
{
    // So long an operation runs before the person who waits is told how it stands.
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

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
        var turn = WorkDeadline.After(input.Command == OperateCommand.Continue ? ScheduledTurn : Turn, time);
        var reserved = end.Before(LongestStep);
        var answer = await desk.AnswerAsync(input, turn.At < reserved.At ? turn : reserved, scope.Token);
        audit.Answered(input, answer);
        return answer;
    }
}
