using System.CommandLine;
using Relaybox.Local;
using Relaybox.Planner.Commands;
using Spectre.Console;

AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 190);
var parsed = PlanCommand.Create().Parse(args);
try
{
    var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    return parsed.Errors.Count > 0 ? 2 : code;
}
catch (RunnerException exception)
{
    Console.Error.WriteLine($"plan: {exception.Message}");
    return 2;
}
