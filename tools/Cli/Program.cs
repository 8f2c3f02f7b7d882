using System.CommandLine;
using Relaybox.Cli;
using Relaybox.Cli.Commands;
using Relaybox.Cli.Output;
using Relaybox.Local.Commands;
using Spectre.Console;

const int WidthOfAFile = 400;

if (Console.IsOutputRedirected)
{
    // A program, or a file, has lines of any length. Broken ids and codes could not be found, or typed again.
    AnsiConsole.Profile.Width = WidthOfAFile;
}

var parsed = OperatorCommands.Create().Parse(args);
if (CommandLineErrors.Report(parsed, args, "relaybox"))
{
    return ExitCodes.WrongUse;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
    });
}
catch (CliException exception)
{
    Console.Error.WriteLine($"relaybox: {exception.Message}");
    return exception.ExitCode;
}
catch (OperationCanceledException)
{
    // Ctrl-C; 128 and the number of its signal, as a shell says it.
    return ExitCodes.Interrupted;
}
