using System.CommandLine;
using Relaybox.Benchmarks;
using Relaybox.Local;

try
{
    return await BenchCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
    });
}
catch (RunnerException exception)
{
    Console.Error.WriteLine($"bench: {exception.Message}");
    return 2;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("bench: stopped.");
    return 130;
}
