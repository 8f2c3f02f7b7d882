using System.CommandLine;
using Relaybox.Local;
using Relaybox.Local.Commands;
using Relaybox.Planner.Commands;
using Spectre.Console;

AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 190);
var parsed = PlanCommand.Create().Parse(args);
if (CommandLineErrors.Of(parsed, args) is { Count: > 0 } errors)
{
    foreach (var error in errors)
    {
        Console.Error.WriteLine($"plan: {error}");
    }

    Console.Error.WriteLine("--help shows what there is.");
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
