using System.Diagnostics;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Servers;

/// <summary>The npm packages that carry the emulators.</summary>
public static class EmulatorPackages
{
    private static string Modules => Path.Combine(RepositoryLayout.Emulators, "node_modules");

    // npm writes this file last.
    private static bool Installed => File.Exists(Path.Combine(Modules, ".package-lock.json"));

    /// <exception cref="RunnerException">The packages are not installed.</exception>
    public static void RequireInstalled()
    {
        if (!Installed)
        {
            throw new RunnerException("The emulators' npm packages are missing. Run: npm ci --prefix tools/Local/emulators");
        }
    }

    /// <summary>Installs the packages when they are missing; at most one process at a time does so.</summary>
    public static async Task EnsureInstalledAsync(CancellationToken cancellationToken)
    {
        if (Installed)
        {
            return;
        }

        var lockFile = Path.Combine(RepositoryLayout.Root, "artifacts", "emulators.lock");
        Directory.CreateDirectory(Path.GetDirectoryName(lockFile)!);
        using var held = await HoldAsync(lockFile, cancellationToken);
        if (!Installed)
        {
            await InstallAsync(cancellationToken);
        }
    }

    /// <summary>The folder of a package.</summary>
    /// <exception cref="RunnerException">The packages are not installed.</exception>
    internal static string FolderOf(string package)
    {
        RequireInstalled();
        return Path.Combine(Modules, package);
    }

    private static async Task<FileStream> HoldAsync(string lockFile, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task InstallAsync(CancellationToken cancellationToken)
    {
        var npm = Executables.Require("npm", "Installing the emulators", "Install Node.js 20 or newer.");
        using var process = Process.Start(new ProcessStartInfo(npm, ["ci", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = RepositoryLayout.Emulators,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new RunnerException($"npm ci in {RepositoryLayout.Emulators} failed:\n{await output}{await errors}");
        }
    }
}
