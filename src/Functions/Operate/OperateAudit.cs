using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Operations;

namespace Relaybox.Functions.Operate;

/// <summary>
/// The audit in the function's log, with the request id on each line: who was shown a payload, who acted, what came of it, and which rows were
/// deleted for good. Neither the stack's LOG_LEVEL nor a request switches it off.
/// </summary>
/// <param name="logger">The log, which leaves out nothing.</param>
internal sealed class OperateAudit(ILogger<OperateAudit> logger) : IPurgeAudit
{
    private const int LongestText = 200;

    /// <summary>Writes down what somebody is about to be shown or to do. What everybody may read leaves no line.</summary>
    internal void Asked(string? alias, OperateRequest request)
    {
        switch (OperateAlias.For(request))
        {
            case OperateAlias.Payload:
                FunctionLog.PayloadAsked(logger, Caller(request), Name(alias), Short(request.EventId));
                break;
            case OperateAlias.Act when request.Command != OperateCommand.Continue:
                FunctionLog.ActionAsked(
                    logger, Caller(request), Name(alias), request.Command.ToString(), request.Action?.ToString() ?? request.Part?.ToString() ?? "",
                    Short(request.OperationId));
                break;
        }
    }

    /// <summary>Writes down that somebody was refused.</summary>
    internal void Refused(string? alias, OperateRequest request) =>
        FunctionLog.RequestRefused(logger, Caller(request), Name(alias), request.Command.ToString());

    /// <inheritdoc />
    public void Purging(Operation operation, IReadOnlyCollection<string> eventIds)
    {
        ArgumentNullException.ThrowIfNull(operation);
        FunctionLog.RowsPurged(logger, operation.Id, string.Join(", ", eventIds));
    }

    /// <summary>Writes down what was paused or resumed, which operation has begun, and which have come to their end.</summary>
    internal void Answered(OperateRequest request, OperateAnswer answer)
    {
        if (request.Command == OperateCommand.Begin && answer.Operation is { } begun)
        {
            FunctionLog.OperationBegun(logger, Short(begun.Caller), begun.Id, begun.Action.ToString());
        }
        else if (request is { Command: OperateCommand.Pause, Part: { } paused } && answer.Problem is null)
        {
            FunctionLog.PauseBegun(logger, Caller(request), paused.ToString());
        }
        else if (request is { Command: OperateCommand.Resume, Part: { } resumed } && answer.Problem is null)
        {
            FunctionLog.PauseEnded(logger, Caller(request), resumed.ToString());
        }
        else if (request.Command is OperateCommand.Run or OperateCommand.Continue)
        {
            foreach (var operation in (answer.Operations ?? []).Append(answer.Operation))
            {
                if (operation is { State: not OperationState.Running })
                {
                    FunctionLog.OperationEnded(
                        logger, operation.Id, operation.Action.ToString(), operation.State.ToString(), operation.Applied, operation.LeftAlone);
                }
            }
        }
    }

    private static string Caller(OperateRequest request) => string.IsNullOrWhiteSpace(request.Caller) ? "somebody" : Short(request.Caller);

    private static string Name(string? alias) => alias ?? "none";

    // What a caller says of itself is its own text.
    private static string Short(string? text) => text is { Length: > LongestText } ? text[..LongestText] : text ?? "";
}
