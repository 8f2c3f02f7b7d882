using System.CommandLine;
using Relaybox.Local;
using Relaybox.Local.Commands;
using Relaybox.Planner.Commands;
using Spectre.Console;

AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 190);
var parsed = PlanCommand.Create().Parse(args);
if (CommandLineErrors.Report(parsed, args, "plan"))
{
    return 2;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (RunnerException exception)
{
    Console.Error.WriteLine($"plan: {exception.Message}");
    return 2;
}
