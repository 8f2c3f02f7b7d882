using System.CommandLine;
using Relaybox.Local;
using Relaybox.Local.Commands;
using Relaybox.Local.Stores;

var root = new RootCommand("Runs template.yaml on this machine: emulators, functions, event sources, schedules")
{
    UpCommand.Create(),
    DownCommand.Create(),
    InvokeCommand.Create(),
    DemoCommand.Create(),
    ChaosCommand.Create(),
    MigrateCommand.Create(),
};

var parsed = root.Parse(args);
if (CommandLineErrors.Report(parsed, args, "relaybox-local"))
{
    return 2;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
    });
}
catch (RunnerException exception)
{
    Console.Error.WriteLine($"relaybox-local: {exception.Message}");
    return 2;
}
catch (OperationCanceledException)
{
    // Ctrl-C; 128 and the number of its signal, as a shell says it.
    return 130;
}
