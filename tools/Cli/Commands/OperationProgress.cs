using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;
using Spectre.Console;

namespace Relaybox.Cli.Commands;

/// <summary>Goes on with an operation until its end, and shows how far it is.</summary>
internal static class OperationProgress
{
    private static readonly TimeSpan WhileOthersRunIt = TimeSpan.FromSeconds(1);

    private const string Waits = "What is left is in other hands; waiting for it.";

    /// <param name="connection">The way to the desk.</param>
    /// <param name="views">What the person sees.</param>
    /// <param name="id">The operation.</param>
    /// <param name="of">What it is about.</param>
    /// <param name="expected">How many rows it is about; null where nobody knows.</param>
    /// <param name="cancellationToken">Ctrl-C: the operation is cancelled.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> FollowAsync(
        IOperatorConnection connection, Views views, string id, OperationTarget of, long? expected, CancellationToken cancellationToken)
    {
        Operation operation;
        var run = new OperateRequest { Command = OperateCommand.Run, Of = of, OperationId = id };
        if (connection.GoesOnAlone && !views.IsJson)
        {
            Console.Error.WriteLine(
                $"Operation {id} has begun. Ctrl-C cancels it. If this program is ended in another way, the stack goes on with it; to see how it "
                + $"stands: {views.Command($"operations {id}")}");
        }

        try
        {
            operation = views.IsJson ? await RunAsync(connection, run, _ => { }, cancellationToken)
                : expected is > 0 and var count && !Console.IsErrorRedirected ? await DrawAsync(connection, run, count, cancellationToken)
                : await RunAsync(connection, run, running => Write(running, expected), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await connection.AskAsync(new OperateRequest { Command = OperateCommand.Cancel, OperationId = id }, CancellationToken.None);
            await connection.AskAsync(run, CancellationToken.None);
            Console.Error.WriteLine($"Cancelled. What was done holds: {views.Command($"operations {id}")}");
            throw;
        }
        catch (CliException exception) when (connection.GoesOnAlone && exception.ExitCode == ExitCodes.OutOfReach)
        {
            throw new CliException(
                exception.ExitCode,
                $"{exception.Message} The stack goes on with the operation {id}; to see how it stands: {views.Command($"operations {id}")}",
                exception);
        }

        if (!views.WroteJson(new OperateAnswer { Operation = operation }))
        {
            views.Say(
                $"Operation {operation.Id}: {Views.Name(operation.State)}. {Views.Number(operation.Applied)} "
                + $"{Done(operation)}, "
                + $"{Views.Number(operation.LeftAlone)} left alone.{(operation.StoppedBecause is { } reason ? " " + reason : "")}");
            foreach (var (why, count) in operation.LeftBecause ?? new Dictionary<string, long>())
            {
                views.Say($"  {Views.Number(count),8}  left alone: {why}");
            }
        }

        return operation.State == OperationState.Done && operation.Applied > 0 ? ExitCodes.Done : ExitCodes.Nothing;
    }

    private static async Task<Operation> RunAsync(
        IOperatorConnection connection, OperateRequest run, Action<Operation> report, CancellationToken cancellationToken)
    {
        while (true)
        {
            var operation = (await connection.AskAsync(run, cancellationToken)).Operation!;
            report(operation);
            if (operation.State != OperationState.Running)
            {
                return operation;
            }

            await Task.Delay(WhileOthersRunIt, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>A bar on the terminal, beside the output, which a program may read.</summary>
    private static Task<Operation> DrawAsync(IOperatorConnection connection, OperateRequest run, long count, CancellationToken cancellationToken) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("0 done", maxValue: count);
                return await RunAsync(
                    connection,
                    run,
                    operation =>
                    {
                        bar.Value = operation.Applied + operation.LeftAlone;
                        bar.Description = operation.WaitsSince is null ? $"{Views.Number(operation.Applied)} done" : Waits;
                    },
                    cancellationToken);
            });

    private static void Write(Operation operation, long? expected)
    {
        if (operation.State == OperationState.Running)
        {
            Console.Error.WriteLine(
                $"  {Views.Number(operation.Applied)}{(expected is null ? "" : $" of {Views.Number(expected.Value)}")} done …"
                + (operation.WaitsSince is null ? "" : $" {Waits}"));
        }
    }

    private static string Done(Operation operation) => operation.Of switch
    {
        OperationTarget.Rows when operation.Action == RowAction.Purge => "rows deleted",
        OperationTarget.Rows when operation.Action == RowAction.Redrive => "rows set to be sent again",
        OperationTarget.Rows => "rows changed",
        OperationTarget.DeadLetters => "dead letters sent back",
        _ => "events published again",
    };
}
