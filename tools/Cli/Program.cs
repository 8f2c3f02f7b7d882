using System.CommandLine;
using Relaybox.Cli;
using Relaybox.Cli.Commands;
using Relaybox.Cli.Output;

var parsed = OperatorCommands.Create().Parse(args);
try
{
    return parsed.Errors.Count > 0
        ? ExitCodes.Report(parsed)
        : await parsed.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        });
}
catch (CliException exception)
{
    return ExitCodes.Report(exception);
}
catch (OperationCanceledException)
{
    // Ctrl-C; 128 and the number of its signal, as a shell says it.
    return ExitCodes.Interrupted;
}
