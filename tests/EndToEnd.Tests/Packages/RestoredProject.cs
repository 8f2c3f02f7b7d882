using System.Diagnostics;
using System.IO.Compression;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Packages;

/// <summary>A project outside of the repository that restores by the repository's rules, from a folder of its own packages.</summary>
internal sealed class RestoredProject : IDisposable
{
    private const string Project = "Restored.csproj";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("relaybox-restore-");

    private RestoredProject()
    {
    }

    private string Home => Path.Combine(_folder.FullName, "project");

    private string LockFile => Path.Combine(Home, "packages.lock.json");

    /// <param name="packages">The packages that the project names, all of version 1.0.0.</param>
    /// <param name="auditUrl">Where the list of known vulnerabilities is; none when empty.</param>
    public static async Task<RestoredProject> CreateAsync(string[] packages, string auditUrl = "")
    {
        var project = new RestoredProject();
        Directory.CreateDirectory(project.Home);
        Directory.CreateDirectory(project.Source("mapped"));
        Directory.CreateDirectory(project.Source("other"));

        // The repository's own nuget.config, below the sources of this machine, as it is in the repository.
        await File.WriteAllTextAsync(Path.Combine(project._folder.FullName, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="nuget.org" value="{project.Source("mapped")}" />
                <add key="other" value="{project.Source("other")}" />
              </packageSources>
              <auditSources>
                <clear />
                {(auditUrl.Length == 0 ? "" : $"""<add key="advisories" value="{auditUrl}" allowInsecureConnections="true" />""")}
              </auditSources>
            </configuration>
            """);
        File.Copy(RepositoryRoot.Combine("nuget.config"), Path.Combine(project.Home, "nuget.config"));
        await File.WriteAllTextAsync(Path.Combine(project.Home, "Directory.Build.props"), $"""
            <Project>
              <Import Project="{RepositoryRoot.Combine("Directory.Build.props")}" />
              <PropertyGroup><ArtifactsPath>{project._folder.FullName}/artifacts</ArtifactsPath></PropertyGroup>
            </Project>
            """);
        await File.WriteAllTextAsync(
            Path.Combine(project.Home, "Directory.Build.targets"),
            $"""<Project><Import Project="{RepositoryRoot.Combine("Directory.Build.targets")}" /></Project>""");
        await project.ReferAsync(packages);
        return project;
    }

    /// <summary>Lets the project name these packages, and no others, all of version 1.0.0.</summary>
    public Task ReferAsync(params string[] packages) => File.WriteAllTextAsync(Path.Combine(Home, Project), $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <ItemGroup>{string.Concat(packages.Select(name => $"""<PackageReference Include="{name}" Version="1.0.0" />"""))}</ItemGroup>
        </Project>
        """);

    /// <summary>Puts version 1.0.0 of a package into a source: <c>mapped</c> or <c>other</c>.</summary>
    public async Task AddPackageAsync(string source, string name, string needs = "", string content = "")
    {
        await using var file = File.Create(Path.Combine(Source(source), $"{name}.1.0.0.nupkg"));
        await using var package = new ZipArchive(file, ZipArchiveMode.Create);
        var dependencies = needs.Length == 0
            ? ""
            : $"""<group targetFramework="net10.0"><dependency id="{needs}" version="1.0.0" /></group>""";
        await WriteAsync(package, $"{name}.nuspec", $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata>
                <id>{name}</id><version>1.0.0</version><authors>test</authors><description>{content}</description>
                <dependencies>{dependencies}</dependencies>
              </metadata>
            </package>
            """);
        await WriteAsync(package, "lib/net10.0/_._", "");
    }

    /// <summary>Writes the lock file, as whoever changes the references does.</summary>
    public async Task LockAsync()
    {
        var (code, output) = await RestoreAsync("--force-evaluate");
        Assert.True(code == 0 && File.Exists(LockFile), output);
    }

    /// <summary>Restores on a machine that has no package yet.</summary>
    public async Task<(int Code, string Output)> RestoreAsync(params string[] more)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", Project, "-nodeReuse:false", "-tl:off", "-v:quiet", .. more])
        {
            WorkingDirectory = Home,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["NUGET_PACKAGES"] = Directory.CreateDirectory(Path.Combine(_folder.FullName, $"packages-{Guid.NewGuid():N}")).FullName,
                ["NUGET_HTTP_CACHE_PATH"] = Path.Combine(_folder.FullName, "http-cache"),
                ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                ["DOTNET_CLI_UI_LANGUAGE"] = "en",
                ["OfficialPackages"] = "false",
                ["RestoreConfigFile"] = "",
            },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Source(string name) => Path.Combine(_folder.FullName, $"source-{name}");

    private static async Task WriteAsync(ZipArchive package, string name, string text)
    {
        await using var writer = new StreamWriter(await package.CreateEntry(name).OpenAsync());
        await writer.WriteAsync(text);
    }
}
