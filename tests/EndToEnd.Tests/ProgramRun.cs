using System.Diagnostics;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>What came of a program that was run to its end.</summary>
/// <param name="ExitCode">What it ended with.</param>
/// <param name="Lines">What it wrote to standard output, without empty lines.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record ProgramRun(int ExitCode, string[] Lines, string Errors)
{
    /// <summary>The lines that a successful run printed.</summary>
    public string[] Printed
    {
        get
        {
            Assert.True(ExitCode == 0, $"It ended with {ExitCode}: {Errors}");
            return Lines;
        }
    }

    /// <summary>Runs a program in the repository, with nothing on its standard input.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Variables that it gets besides ours.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ProgramRun> OfAsync(
        string[] command, IReadOnlyDictionary<string, string> environment, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
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
            return new ProgramRun(process.ExitCode, (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors);
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
