using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Relaybox.Simulation.Mutants;

/// <summary>
/// Compiles the sources with all bugs in them, each behind a switch, into a copy of the simulation's folder. What is shipped
/// is not touched: neither a source file nor an output of the build.
/// </summary>
internal sealed class MutantBuild : IDisposable
{
    internal const string Switch = "RELAYBOX_PLANTED_BUG";

    private const string Planted =
        $$"""
        internal static class Planted
        {
            private static readonly string Name = System.Environment.GetEnvironmentVariable("{{Switch}}") ?? "";

            internal static bool Is(string name) => name == Name;
        }
        """;

    private static readonly (string Project, string Output)[] Projects =
    [
        ("src/Shared/Core/Core.csproj", "Relaybox.Core.dll"),
        ("src/Shared/Sqs/Sqs.csproj", "Relaybox.Sqs.dll"),
        ("src/Functions/Functions.csproj", "Relaybox.Functions.dll"),
        ("src/Substitutes/Amazon.Lambda.Serialization.SystemTextJson/Amazon.Lambda.Serialization.SystemTextJson.csproj",
            "Amazon.Lambda.Serialization.SystemTextJson.dll"),
        ("tests/Simulation/Simulation.csproj", "Relaybox.Simulation.dll"),
    ];

    private readonly string _root = FindRoot();

    /// <summary>The folder of the simulation with the bugs in it.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("relaybox-mutants").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Builds.</summary>
    /// <exception cref="InvalidOperationException">A text to replace is not there once, or the result does not compile.</exception>
    internal void Run(IReadOnlyList<Mutation> mutations)
    {
        var sources = mutations.GroupBy(mutation => mutation.File).ToDictionary(file => Path.Combine(_root, file.Key), Mutate);
        var bin = AppContext.BaseDirectory.Replace("Simulation.Tests", "Simulation", StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(bin))
        {
            File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        }

        var planted = Path.Combine(Folder, "Planted.cs");
        File.WriteAllText(planted, Planted);
        Parallel.ForEach(
            Projects, new ParallelOptions { MaxDegreeOfParallelism = 2 }, project => Compile(project.Project, project.Output, sources, planted));
    }

    private string Mutate(IGrouping<string, Mutation> file)
    {
        var text = File.ReadAllText(Path.Combine(_root, file.Key));
        foreach (var mutation in file)
        {
            if (text.Split(mutation.Right).Length != 2)
            {
                throw new InvalidOperationException(
                    $"'{mutation.Name}': its text is {text.Split(mutation.Right).Length - 1} times in {mutation.File}, and has to be there once.");
            }

            text = text.Replace(
                mutation.Right,
                mutation.Wrong.Replace("PLANTED", $"Planted.Is(\"{mutation.Name}\")", StringComparison.Ordinal),
                StringComparison.Ordinal);
        }

        var copy = Path.Combine(Folder, $"{Guid.NewGuid():N}.cs");
        File.WriteAllText(copy, text);
        return copy;
    }

    private void Compile(string project, string output, Dictionary<string, string> sources, string planted)
    {
        var directory = Path.GetDirectoryName(Path.Combine(_root, project))!;
        using var evaluated = JsonDocument.Parse(Dotnet(
            directory, "msbuild", Path.Combine(_root, project), "-nologo", "-tl:off", "-t:Compile",
            "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true", "-p:DesignTimeBuild=true",
            "-p:BuildProjectReferences=false", "-p:NonExistentFile=__NonExistentSubDir__/__NonExistentFile__",
            $"-p:Configuration={Configuration}", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath"));
        var arguments = evaluated.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)
            .Where(IsWanted)
            .Select(argument => sources.GetValueOrDefault(Path.GetFullPath(argument, directory), argument))
            .Append(planted)
            .Append("/nowarn:CS0436,CS1591")
            .Append("/optimize+")
            .Append($"/out:{Path.Combine(Folder, output)}");
        var response = Path.Combine(Folder, $"{output}.rsp");
        File.WriteAllLines(response, arguments.Select(argument => $"\"{argument.Replace("\"", "", StringComparison.Ordinal)}\""));
        var csc = Path.Combine(evaluated.RootElement.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!, "bincore", "csc.dll");
        Dotnet(directory, "exec", csc, "/noconfig", $"@{response}");
    }

    private static string Configuration =>
        typeof(MutantBuild).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    // The generators are needed; the analyzers, whose warnings are errors, would only object.
    private static bool IsWanted(string argument) =>
        argument.StartsWith("/analyzer:", StringComparison.Ordinal)
            ? argument.Contains("Generat", StringComparison.Ordinal) || argument.Contains("SourceGeneration", StringComparison.Ordinal)
            : !((string[])[
                "/noconfig", "/features:", "/doc:", "/refout:", "/out:", "/warnaserror",
                "/optimize", "/debug", "/analyzerconfig:", "/additionalfile:", "/sourcelink:",
            ])
                .Any(prefix => argument.StartsWith(prefix, StringComparison.Ordinal));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Functions.sln")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }

    private static string Dotnet(string directory, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
        })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? text
            : throw new InvalidOperationException($"dotnet {arguments[0]} {arguments[1]} failed: {text[..Math.Min(text.Length, 4000)]}");
    }
}
