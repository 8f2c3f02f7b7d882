using System.Diagnostics;

namespace Relaybox.Testing;

/// <summary>What came of a program that was run to its end.</summary>
/// <param name="ExitCode">What it ended with.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
public sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The lines of its output, without empty ones.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines that a successful run printed.</summary>
    /// <exception cref="InvalidOperationException">It did not succeed.</exception>
    public string[] Printed => ExitCode == 0 ? Lines : throw new InvalidOperationException($"It ended with {ExitCode}: {Output}\n{Errors}");

    /// <summary>Runs a program in the repository, with nothing on its standard input.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="patience">How long it may take; then it is ended.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="environment">Variables that it gets besides ours.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    public static async Task<ProgramRun> OfAsync(
        IReadOnlyList<string> command,
        TimeSpan patience,
        CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).WaitAsync(patience, cancellationToken);
            return new ProgramRun(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
