using System.CommandLine;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Operations: what was done, by whom and why; going on with one, and ending one.</summary>
internal static class OperationsCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var id = new Argument<string?>("OPERATION")
        {
            Description = "One operation. Default: all, the newest first", Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("operations", "Show what was done, by whom and why; --resume goes on with one, --cancel ends it");
        var resume = new Option<bool>("--resume") { Description = "Go on with the operation, where who ran it is gone" };
        var cancel = new Option<bool>("--cancel") { Description = "End the operation after the step at hand" };
        command.Arguments.Add(id);
        command.Options.Add(resume);
        command.Options.Add(cancel);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var views = shared.Views(result);
            var one = result.GetValue(id);
            if ((result.GetValue(resume) || result.GetValue(cancel)) && one is null)
            {
                throw new CliException(ExitCodes.WrongUse, "Which operation? `relaybox operations` lists them.");
            }

            if (result.GetValue(cancel))
            {
                await connection.AskAsync(new OperateRequest { Command = OperateCommand.Cancel, OperationId = one }, cancellationToken);
            }

            var answer = await connection.AskAsync(new OperateRequest { Command = OperateCommand.Operations }, cancellationToken);
            var operations = answer.Operations!.Where(operation => one is null || operation.Id == one).ToList();
            if (result.GetValue(resume) || result.GetValue(cancel))
            {
                var of = operations is [var known] ? known.Of : OperationTarget.Rows;
                return await OperationProgress.FollowAsync(connection, views, one!, of, expected: null, cancellationToken);
            }

            if (!views.WroteJson(new OperateAnswer { Operations = operations }))
            {
                if (operations.Count > 0)
                {
                    views.Operations(operations);
                }
                else
                {
                    views.Say(one is null ? "No operation was done, or all were forgotten." : $"There is no operation {one}.");
                }
            }

            return operations.Count == 0 ? ExitCodes.Nothing : ExitCodes.Done;
        });
        return command;
    }
}
