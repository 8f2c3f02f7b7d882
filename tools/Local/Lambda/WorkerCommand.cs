using Relaybox.Local.Processes;

namespace Relaybox.Local.Lambda;

/// <summary>How to start the executable that a function's Handler names.</summary>
internal sealed record WorkerCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <exception cref="RunnerException">Nothing of that name has been built.</exception>
    public static WorkerCommand Find(string functionsDirectory, string handler)
    {
        var assembly = Path.Combine(functionsDirectory, $"{handler}.dll");
        if (File.Exists(assembly))
        {
            return new WorkerCommand(DotNet(), [assembly]);
        }

        var executable = Path.Combine(functionsDirectory, handler);
        return File.Exists(executable)
            ? new WorkerCommand(executable, [])
            : throw new RunnerException(
                $"The functions have not been built: there is no {handler}.dll in {functionsDirectory}. "
                + "Run: dotnet build src/Functions, or pass --functions-dir.");
    }

    private static string DotNet() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? Environment.ProcessPath!
            : Executables.Require("dotnet", "Running the functions", "Install the .NET 10 runtime.");
}
