using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Model;

/// <summary>A model of docs/model, explored by spin to its last state, or to the first that it must not come to.</summary>
internal static partial class SpinModel
{
    /// <summary>The most memory that an exploration may take.</summary>
    public const int MaxMegabytes = 2000;

    private const string Progress = "PROGRESS";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The model's text.</summary>
    public static Task<string> ReadAsync(string model) => File.ReadAllTextAsync(PathOf(model));

    /// <summary>Explores a model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="defines">What is defined in it: the configuration, and a planted bug.</param>
    /// <param name="isSmall">Whether so few states are expected that to compile with optimizations takes longer than they save.</param>
    /// <param name="cancellationToken">Ends the exploration.</param>
    public static async Task<SpinResult> ExploreAsync(string model, string[] defines, bool isSmall, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-model-");
        try
        {
            var isProgress = defines.Contains(Progress);
            await RunAsync(folder, "spin", [.. defines.Select(define => $"-D{define}"), "-a", PathOf(model)], cancellationToken);
            await RunAsync(
                folder,
                "gcc",
                [
                    isSmall ? "-O0" : "-O2", "-w", "-DCOLLAPSE", $"-DMEMLIM={MaxMegabytes}", .. isProgress ? [] : new[] { "-DSAFETY" },
                    "-o", "pan", "pan.c",
                ],
                cancellationToken);
            var time = Stopwatch.StartNew();
            var output = await RunAsync(
                folder, Path.Combine(folder.FullName, "pan"), [.. isProgress ? new[] { "-a" } : [], "-m100000"], cancellationToken);
            return Parse(output, time.Elapsed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static SpinResult Parse(string output, TimeSpan time)
    {
        var violation = Violation().Match(output);
        var depth = Depth().Match(output);
        var unreached = Unreached().Matches(output).Select(match => match.Groups[1].Value);
        return new SpinResult(
            !output.Contains("Search not completed", StringComparison.Ordinal)
                && !output.Contains("max search depth too small", StringComparison.Ordinal),
            violation.Success ? violation.Groups[1].Value.Trim() : null,
            long.Parse(States().Match(output).Groups[1].Value, CultureInfo.InvariantCulture),
            int.Parse(depth.Groups[1].Value, CultureInfo.InvariantCulture),
            double.Parse(Memory().Match(output).Groups[1].Value, CultureInfo.InvariantCulture),
            time,

            // No process of the model ends.
            [.. unreached.Where(statement => !statement.Contains("\"-end-\"", StringComparison.Ordinal))]);
    }

    private static async Task<string> RunAsync(
        DirectoryInfo folder, string program, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
            Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await output} {await errors}");
            return await output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} is missing. On Debian, as root: apt-get install spin gcc libc6-dev", e);
        }
    }

    private static string PathOf(string model) => RepositoryRoot.Combine("docs", "model", model + ".pml");

    [GeneratedRegex(@"^pan:\d+: (.*?)( \(at depth \d+\))?$", RegexOptions.Multiline)]
    private static partial Regex Violation();

    [GeneratedRegex(@"depth reached (\d+)")]
    private static partial Regex Depth();

    [GeneratedRegex(@"^\s*([\d.]+(?:e[+]\d+)?)\s+states, stored", RegexOptions.Multiline)]
    private static partial Regex States();

    [GeneratedRegex(@"([\d.]+)\s+total actual memory usage")]
    private static partial Regex Memory();

    [GeneratedRegex(@"^\t(\S+:\d+, state \d+, "".*"")$", RegexOptions.Multiline)]
    private static partial Regex Unreached();
}
